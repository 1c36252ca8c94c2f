#include "data/hdf5_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <hdf5.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <utility>

#include "tensor/error.h"

namespace cg {
namespace {

/// The serial library is not thread-safe, and a loader reads while others write: one call at a time.
std::recursive_mutex library;
using Lock = std::lock_guard<std::recursive_mutex>;

/// An HDF5 identifier that closes itself.
class Id {
 public:
  Id(hid_t id, herr_t (*closer)(hid_t)) : id_(id), closer_(closer) {}
  ~Id() {
    if (id_ >= 0) closer_(id_);
  }
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), closer_(other.closer_) {}
  Id& operator=(Id&&) = delete;
  operator hid_t() const { return id_; }  // NOLINT
  bool valid() const { return id_ >= 0; }
  herr_t close() { return closer_(std::exchange(id_, -1)); }

 private:
  hid_t id_;
  herr_t (*closer_)(hid_t);
};

void quiet() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }  // errors are ours to report

std::vector<hsize_t> extents(const Shape& shape) { return {shape.begin(), shape.end()}; }

Index chunk_elements(const Shape& shape) { return shape.empty() ? 1 : count(shape) / std::max<Index>(shape[0], 1); }

template <class T>
hid_t memory_type();
template <>
hid_t memory_type<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
hid_t memory_type<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
hid_t memory_type<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}

}  // namespace

// ---------------------------------------------------------------- reading

struct H5Reader::File {
  Id id;
};

namespace {

/// An open dataset or attribute with its file's name for messages.
[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  fail(ErrorKind::corrupt, path, what + " cannot be read", "Make or fetch the file again.");
}

Shape shape_of(hid_t space) {
  const int rank = H5Sget_simple_extent_ndims(space);
  std::vector<hsize_t> sizes(static_cast<std::size_t>(std::max(rank, 0)));
  if (rank > 0) H5Sget_simple_extent_dims(space, sizes.data(), nullptr);
  return {sizes.begin(), sizes.end()};
}

/// The texts of a string dataset or attribute; `read(memory type, buffer)` fetches it.
template <class Read>
std::vector<std::string> read_strings(hid_t type, std::size_t n, const Read& read) {
  std::vector<std::string> out;
  const Id memory(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_cset(memory, H5Tget_cset(type));
  if (H5Tis_variable_str(type) > 0) {
    H5Tset_size(memory, H5T_VARIABLE);
    std::vector<char*> pointers(n, nullptr);
    if (!read(memory, pointers.data())) return {};
    for (char* text : pointers) {
      out.emplace_back(text ? text : "");
      H5free_memory(text);
    }
    return out;
  }
  const std::size_t length = H5Tget_size(type);
  H5Tset_size(memory, length);
  H5Tset_strpad(memory, H5T_STR_NULLPAD);
  std::vector<char> bytes(n * length);
  if (!read(memory, bytes.data())) return {};
  for (std::size_t i = 0; i < n; ++i) {
    const char* text = bytes.data() + i * length;
    out.emplace_back(text, std::find(text, text + length, '\0'));
  }
  return out;
}

struct OpenDataset {
  Id dataset, space, type;
  OpenDataset(hid_t file, const std::string& path, const std::string& name)
      : dataset(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose),
        space(dataset.valid() ? H5Dget_space(dataset) : -1, H5Sclose),
        type(dataset.valid() ? H5Dget_type(dataset) : -1, H5Tclose) {
    if (!dataset.valid())
      fail(ErrorKind::data, path, fmt::format("there is no dataset \"{}\"", name),
           "See docs/cohort-file.md for the layout.");
    const Id properties(H5Dget_create_plist(dataset), H5Pclose);
    if (H5Pget_external_count(properties) != 0)
      fail(ErrorKind::corrupt, path, fmt::format("\"{}\" keeps its data in another file, which is refused", name));
  }
  void require_numbers(const std::string& path, const std::string& name) const {
    const H5T_class_t kind = H5Tget_class(type);
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
      fail(ErrorKind::data, path, fmt::format("\"{}\" holds no numbers", name));
  }
};

}  // namespace

H5Reader::H5Reader(const std::string& path) : path_(path) {
  const Lock lock(library);
  quiet();
  if (!std::filesystem::exists(path)) fail(ErrorKind::data, path, "there is no such file", "Check the path.");
  file_ = std::make_shared<File>(File{{H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose}});
  if (!file_->id.valid())
    fail(ErrorKind::corrupt, path, "this is no HDF5 file, or it is damaged", "Make or fetch it again.");
}

bool H5Reader::has(const std::string& dataset) const {
  const Lock lock(library);
  for (std::size_t slash = dataset.find('/', 1); slash != std::string::npos; slash = dataset.find('/', slash + 1))
    if (H5Lexists(file_->id, dataset.substr(0, slash).c_str(), H5P_DEFAULT) <= 0) return false;
  return H5Lexists(file_->id, dataset.c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> H5Reader::members(const std::string& group) const {
  const Lock lock(library);
  std::vector<std::string> names;
  const Id opened(H5Gopen2(file_->id, group.c_str(), H5P_DEFAULT), H5Gclose);
  if (!opened.valid()) fail(ErrorKind::data, path_, fmt::format("there is no group \"{}\"", group));
  const auto collect = [](hid_t, const char* name, const H5L_info_t*, void* into) -> herr_t {
    static_cast<std::vector<std::string>*>(into)->emplace_back(name);
    return 0;
  };
  if (H5Literate(opened, H5_INDEX_NAME, H5_ITER_INC, nullptr, collect, &names) < 0) damaged(path_, group);
  return names;
}

Shape H5Reader::shape(const std::string& dataset) const {
  const Lock lock(library);
  return shape_of(OpenDataset(file_->id, path_, dataset).space);
}

std::vector<double> H5Reader::numbers(const std::string& dataset) const {
  const Lock lock(library);
  const OpenDataset open(file_->id, path_, dataset);
  open.require_numbers(path_, dataset);
  std::vector<double> out(static_cast<std::size_t>(count(shape_of(open.space))));
  if (H5Dread(open.dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out.data()) < 0) damaged(path_, dataset);
  return out;
}

std::vector<float> H5Reader::rows(const std::string& dataset, Index first, Index rows) const {
  const Lock lock(library);
  const OpenDataset open(file_->id, path_, dataset);
  open.require_numbers(path_, dataset);
  Shape shape = shape_of(open.space);
  if (shape.empty() || first < 0 || first + rows > shape[0])
    fail(ErrorKind::data, path_,
         fmt::format("\"{}\" of shape {} has no rows {} to {}", dataset, to_string(shape), first, first + rows - 1));
  shape[0] = rows;
  std::vector<hsize_t> start(shape.size(), 0);
  start[0] = static_cast<hsize_t>(first);
  const std::vector<hsize_t> size = extents(shape);
  H5Sselect_hyperslab(open.space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
  const Id memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  std::vector<float> out(static_cast<std::size_t>(count(shape)));
  if (H5Dread(open.dataset, H5T_NATIVE_FLOAT, memory, open.space, H5P_DEFAULT, out.data()) < 0) damaged(path_, dataset);
  return out;
}

std::vector<std::string> H5Reader::strings(const std::string& dataset) const {
  const Lock lock(library);
  const OpenDataset open(file_->id, path_, dataset);
  if (H5Tget_class(open.type) != H5T_STRING)
    fail(ErrorKind::data, path_, fmt::format("\"{}\" holds no strings", dataset));
  const auto n = static_cast<std::size_t>(count(shape_of(open.space)));
  const auto out = read_strings(open.type, n, [&](hid_t type, void* into) {
    return H5Dread(open.dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, into) >= 0;
  });
  if (out.size() != n) damaged(path_, dataset);
  return out;
}

bool H5Reader::has_attribute(const std::string& name, const std::string& object) const {
  const Lock lock(library);
  return H5Aexists_by_name(file_->id, object.c_str(), name.c_str(), H5P_DEFAULT) > 0;
}

double H5Reader::number_attribute(const std::string& name, const std::string& object) const {
  const Lock lock(library);
  const Id attribute(H5Aopen_by_name(file_->id, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid()) fail(ErrorKind::data, path_, fmt::format("there is no attribute \"{}\"", name));
  const Id space(H5Aget_space(attribute), H5Sclose), type(H5Aget_type(attribute), H5Tclose);
  const H5T_class_t kind = H5Tget_class(type);
  double value = 0;
  if (H5Sget_simple_extent_npoints(space) != 1 || (kind != H5T_INTEGER && kind != H5T_FLOAT) ||
      H5Aread(attribute, H5T_NATIVE_DOUBLE, &value) < 0)
    fail(ErrorKind::data, path_, fmt::format("attribute \"{}\" is not one number", name));
  return value;
}

std::string H5Reader::text_attribute(const std::string& name, const std::string& object) const {
  const Lock lock(library);
  const Id attribute(H5Aopen_by_name(file_->id, object.c_str(), name.c_str(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid()) fail(ErrorKind::data, path_, fmt::format("there is no attribute \"{}\"", name));
  const Id type(H5Aget_type(attribute), H5Tclose);
  if (H5Tget_class(type) != H5T_STRING) fail(ErrorKind::data, path_, fmt::format("attribute \"{}\" is no text", name));
  const auto out =
      read_strings(type, 1, [&](hid_t memory, void* into) { return H5Aread(attribute, memory, into) >= 0; });
  if (out.size() != 1) damaged(path_, name);
  return out[0];
}

// ---------------------------------------------------------------- writing

struct H5Writer::File {
  Id id;
  std::string path;  ///< the temporary file's

  void check(bool good) const {
    if (!good) fail(ErrorKind::storage, path, "writing failed", "Free some space on the disk, or name another folder.");
  }

  Id make(const std::string& dataset, hid_t type, hid_t space, hid_t properties = H5P_DEFAULT) const {
    const Id links(H5Pcreate(H5P_LINK_CREATE), H5Pclose);
    H5Pset_create_intermediate_group(links, 1);
    Id made(H5Dcreate2(id, dataset.c_str(), type, space, links, properties, H5P_DEFAULT), H5Dclose);
    check(made.valid());
    return made;
  }

  template <class T>
  void write(const std::string& dataset, const Shape& shape, std::span<const T> values) const {
    const Lock lock(library);
    const std::vector<hsize_t> size = extents(shape);
    const Id space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    const Id made = make(dataset, memory_type<T>(), space);
    check(H5Dwrite(made, memory_type<T>(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  }

  template <class T>
  void write_row(const std::string& dataset, Index row, std::span<const T> values) const {
    const Lock lock(library);
    const Id open(H5Dopen2(id, dataset.c_str(), H5P_DEFAULT), H5Dclose);
    const Id space(H5Dget_space(open), H5Sclose);
    std::vector<hsize_t> size = extents(shape_of(space)), start(size.size(), 0);
    start[0] = static_cast<hsize_t>(row);
    size[0] = 1;
    check(H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr) >= 0);
    const Id memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
    check(H5Dwrite(open, memory_type<T>(), memory, space, H5P_DEFAULT, values.data()) >= 0);
  }

  void write_attribute(const std::string& name, hid_t type, const void* value, const std::string& object) const {
    const Lock lock(library);
    const Id space(H5Screate(H5S_SCALAR), H5Sclose);
    const Id made(
        H5Acreate_by_name(id, object.c_str(), name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
        H5Aclose);
    check(made.valid() && H5Awrite(made, type, value) >= 0);
  }
};

H5Writer::H5Writer(const std::string& path) : path_(path), temporary_(fmt::format("{}.{}.tmp", path, getpid())) {
  const Lock lock(library);
  quiet();
  const hid_t id = H5Fcreate(temporary_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  if (id < 0)
    fail(ErrorKind::storage, path_, "the file cannot be made", "Check that its folder is there and may be written.");
  file_ = std::make_unique<File>(File{{id, H5Fclose}, temporary_});
}

H5Writer::~H5Writer() {
  if (!file_) return;
  const Lock lock(library);
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void H5Writer::numbers(const std::string& dataset, const Shape& shape, std::span<const double> values) {
  file_->write(dataset, shape, values);
}
void H5Writer::floats(const std::string& dataset, const Shape& shape, std::span<const float> values) {
  file_->write(dataset, shape, values);
}
void H5Writer::bytes(const std::string& dataset, const Shape& shape, std::span<const std::uint8_t> values) {
  file_->write(dataset, shape, values);
}

void H5Writer::strings(const std::string& dataset, const std::vector<std::string>& values) {
  const Lock lock(library);
  std::size_t longest = 1;
  for (const std::string& value : values) longest = std::max(longest, value.size());
  std::vector<char> bytes(values.size() * longest, '\0');
  for (std::size_t i = 0; i < values.size(); ++i)
    std::copy(values[i].begin(), values[i].end(), bytes.begin() + static_cast<std::ptrdiff_t>(i * longest));
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, longest);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  const hsize_t n = values.size();
  const Id space(H5Screate_simple(1, &n, nullptr), H5Sclose);
  const Id made = file_->make(dataset, type, space);
  file_->check(H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes.data()) >= 0);
}

void H5Writer::make_rows(const std::string& dataset, const Spec& spec) {
  const Lock lock(library);
  std::vector<hsize_t> size = extents(spec.shape), chunk = size;
  chunk[0] = 1;
  const Id space(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr), H5Sclose);
  const Id properties(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_chunk(properties, static_cast<int>(chunk.size()), chunk.data());
  if (chunk_elements(spec.shape) > 1) {
    H5Pset_shuffle(properties);
    H5Pset_deflate(properties, 1);
  }
  file_->make(dataset, spec.dtype == DType::u8 ? H5T_NATIVE_UINT8 : H5T_NATIVE_FLOAT, space, properties);
}

void H5Writer::row(const std::string& dataset, Index row, std::span<const float> values) {
  file_->write_row(dataset, row, values);
}
void H5Writer::row(const std::string& dataset, Index row, std::span<const std::uint8_t> values) {
  file_->write_row(dataset, row, values);
}

void H5Writer::attribute(const std::string& name, double value, const std::string& object) {
  file_->write_attribute(name, H5T_NATIVE_DOUBLE, &value, object);
}

void H5Writer::attribute(const std::string& name, const std::string& value, const std::string& object) {
  const Lock lock(library);
  const Id type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, std::max<std::size_t>(value.size(), 1));
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  H5Tset_cset(type, H5T_CSET_UTF8);
  file_->write_attribute(name, type, value.empty() ? "" : value.data(), object);
}

void H5Writer::commit() {
  const Lock lock(library);
  file_->check(H5Fflush(file_->id, H5F_SCOPE_GLOBAL) >= 0 && file_->id.close() >= 0);
  file_.reset();
  const auto synchronise = [&](const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool good = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0) close(descriptor);
    return good;
  };
  const auto folder = std::filesystem::absolute(path_).parent_path();
  if (!synchronise(temporary_) || std::rename(temporary_.c_str(), path_.c_str()) != 0 ||
      !synchronise(folder.string())) {
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
    fail(ErrorKind::storage, path_, "the finished file cannot be put in place",
         "Free some space, or name another folder.");
  }
}

}  // namespace cg
