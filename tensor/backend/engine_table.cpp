// SPDX-License-Identifier: Apache-2.0
#include "tensor/backend/engine_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr const char* header = R"(# SPDX-License-Identifier: Apache-2.0
# cuDNN's engines that were measured to be the fastest on a GPU. sweep_engines writes this file; docs/profile-memory.md
# describes it. One entry per line, as words key=value; the first entry for a problem counts; # begins a comment.
#   compute_capability=9.0     of the GPU
#   cudnn=91900                its version, as cudnnGetVersion() gives it
#   dtype=bfloat16             or float32
#   direction=forward          or data_gradient, weight_gradient
#   adds=0                     1: the result is added to what is there
#   x=32x23x28x23x64           the input: samples, depth, height, width, channels
#   w=64x3x3x3x64              the weights: output channels, window, input channels
#   stride=1x1x1 padding=1x1x1
#   engine=62                  cuDNN's number
#   knobs=2:3,11:0             its settings by cuDNN's numbers and their values; or none
#   workspace=0 ms=0.271 card=NVIDIA_H200     bytes, time and GPU of the measurement; for information
)";

constexpr Index largest_extent = (Index{1} << 31) - 1;

/// A whole number in a range. False: it is not one.
template <class T>
bool read_number(std::string_view text, T least, T most, T& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size() && to >= least && to <= most;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

/// `count` numbers with x between them.
template <class Numbers>
bool read_extents(std::string_view text, std::size_t count, Index least, Numbers& to) {
  const auto parts = parts_of(text, 'x');
  if (parts.size() != count) return false;
  for (std::size_t k = 0; k < count; ++k)
    if (!read_number(parts[k], least, largest_extent, to[k])) return false;
  return true;
}

template <class Numbers>
std::string extents(const Numbers& numbers) {
  std::string text;
  for (const Index number : numbers) text += (text.empty() ? "" : "x") + std::to_string(number);
  return text;
}

bool read_knobs(std::string_view text, std::vector<EngineKnob>& to) {
  if (text == "none") return true;
  for (const std::string_view part : parts_of(text, ',')) {
    const auto pair = parts_of(part, ':');
    EngineKnob& knob = to.emplace_back();
    if (pair.size() != 2 || !read_number(pair[0], 0, 1 << 16, knob.type) ||
        !read_number(pair[1], -largest_extent, largest_extent, knob.value))
      return false;
  }
  return true;
}

/// The name of a direction as one word.
std::string word_of(Direction direction) {
  std::string name = name_of(direction);
  std::ranges::replace(name, ' ', '_');
  return name;
}

/// A key of a line.
struct Field {
  const char* key;
  const char* expected;
  bool (*read)(std::string_view, EngineEntry&);
  std::string (*write)(const EngineEntry&);
};

bool read_capability(std::string_view text, EngineEntry& e) {
  const auto parts = parts_of(text, '.');
  return parts.size() == 2 && read_number(parts[0], 1, 99, e.major) && read_number(parts[1], 0, 9, e.minor);
}

bool read_dtype(std::string_view text, EngineEntry& e) {
  e.problem.dtype = text == name_of(DType::bf16) ? DType::bf16 : DType::f32;
  return text == name_of(e.problem.dtype);
}

bool read_direction(std::string_view text, EngineEntry& e) {
  for (const auto d : {Direction::forward, Direction::data_gradient, Direction::weight_gradient})
    if (text == word_of(d)) {
      e.problem.direction = d;
      return true;
    }
  return false;
}

std::string written_card(const EngineEntry& e) {
  std::string word = e.card.empty() ? "unknown" : e.card;
  for (char& c : word)
    if (c <= ' ' || c == '#') c = '_';
  return word;
}

const std::array<Field, 13> fields = {{
    {"compute_capability", "major.minor, for example 9.0", read_capability,
     [](const EngineEntry& e) { return fmt::format("{}.{}", e.major, e.minor); }},
    {"cudnn", "a version of cuDNN, for example 91900",
     [](std::string_view t, EngineEntry& e) { return read_number(t, Index{1}, largest_extent, e.cudnn); },
     [](const EngineEntry& e) { return fmt::format("{}", e.cudnn); }},
    {"dtype", "bfloat16 or float32", read_dtype, [](const EngineEntry& e) { return name_of(e.problem.dtype); }},
    {"direction", "forward, data_gradient or weight_gradient", read_direction,
     [](const EngineEntry& e) { return word_of(e.problem.direction); }},
    {"adds", "0 or 1",
     [](std::string_view t, EngineEntry& e) {
       e.problem.adds = t == "1";
       return t == "0" || t == "1";
     },
     [](const EngineEntry& e) { return std::string(e.problem.adds ? "1" : "0"); }},
    {"x", "five extents, for example 32x23x28x23x64",
     [](std::string_view t, EngineEntry& e) { return read_extents(t, 5, 1, e.problem.x); },
     [](const EngineEntry& e) { return extents(e.problem.x); }},
    {"w", "five extents, for example 64x3x3x3x64",
     [](std::string_view t, EngineEntry& e) { return read_extents(t, 5, 1, e.problem.w); },
     [](const EngineEntry& e) { return extents(e.problem.w); }},
    {"stride", "three integers above 0, for example 2x2x2",
     [](std::string_view t, EngineEntry& e) { return read_extents(t, 3, 1, e.problem.stride); },
     [](const EngineEntry& e) { return extents(e.problem.stride); }},
    {"padding", "three integers, for example 1x1x1",
     [](std::string_view t, EngineEntry& e) { return read_extents(t, 3, 0, e.problem.padding); },
     [](const EngineEntry& e) { return extents(e.problem.padding); }},
    {"engine", "cuDNN's number of an engine",
     [](std::string_view t, EngineEntry& e) { return read_number(t, 0, 1 << 20, e.engine); },
     [](const EngineEntry& e) { return fmt::format("{}", e.engine); }},
    {"knobs", "pairs number:value with commas between them, or none",
     [](std::string_view t, EngineEntry& e) { return read_knobs(t, e.knobs); },
     [](const EngineEntry& e) { return to_string(e.knobs); }},
    {"workspace", "bytes",
     [](std::string_view t, EngineEntry& e) { return read_number(t, Index{0}, Index{1} << 50, e.workspace); },
     [](const EngineEntry& e) { return fmt::format("{}", e.workspace); }},
    {"ms", "milliseconds, at least 0",
     [](std::string_view t, EngineEntry& e) { return read_number(t, 0.0, 1e9, e.milliseconds); },
     [](const EngineEntry& e) { return fmt::format("{:.4f}", e.milliseconds); }},
}};

/// A line of a table, with its place for errors.
class Line {
 public:
  Line(const std::string& name, std::size_t number) : where_(fmt::format("{}:{}", name, number)) {}

  EngineEntry entry(std::string_view text) const {
    EngineEntry entry{};
    entry.problem.x = entry.problem.w = Shape(5);
    std::vector<std::string_view> found;
    for (const std::string_view word : parts_of(text, ' ')) {
      if (word.empty()) continue;
      const auto equals = word.find('=');
      const std::string_view key = word.substr(0, equals);
      if (equals == word.npos) refuse(fmt::format("\"{}\" is not a word key=value", word), "key=value");
      if (std::ranges::find(found, key) != found.end()) refuse(fmt::format("{} is given twice", key), "it once");
      found.push_back(key);
      set(key, word.substr(equals + 1), entry);
    }
    for (const Field& field : fields)
      if (std::ranges::find(found, field.key) == found.end())
        refuse(fmt::format("{} is missing", field.key), fmt::format("{}: {}", field.key, field.expected));
    if (std::ranges::find(found, "card") == found.end()) refuse("card is missing", "card: the name of the GPU");
    complete(entry.problem);
    return entry;
  }

 private:
  [[noreturn]] void refuse(const std::string& what, const std::string& expected) const {
    fail(ErrorKind::usage, where_, fmt::format("{}; expected {}", what, expected),
         "Correct the line, or remove the line: cuDNN then chooses an engine.");
  }

  void set(std::string_view key, std::string_view value, EngineEntry& entry) const {
    if (key == "card") {
      entry.card = value;
      return;
    }
    const auto field = std::ranges::find_if(fields, [&](const Field& f) { return f.key == key; });
    if (field == fields.end()) {
      std::string keys;
      for (const Field& known : fields) keys += std::string(known.key) + ", ";
      refuse(fmt::format("unknown key \"{}\"", key), "one of " + keys + "card");
    }
    if (!field->read(value, entry)) refuse(fmt::format("{} = \"{}\"", key, value), field->expected);
  }

  /// Adds y's shape, and checks that the shapes fit each other.
  void complete(ConvolutionProblem& p) const {
    if (p.x[4] != p.w[4])
      refuse(fmt::format("x has {} channels, w expects {}", p.x[4], p.w[4]), "equal last extents of x and w");
    if (p.adds && p.direction != Direction::data_gradient)
      refuse(fmt::format("adds = 1 for direction {}", word_of(p.direction)), "1 only for data_gradient");
    try {
      p.y = window_output("conv3d", p.x, {{p.w[1], p.w[2], p.w[3]}, p.stride, p.padding}, p.w[0]);
    } catch (const Error& error) {
      refuse(error.found(), "a window that fits into the padded input");
    }
  }

  std::string where_;
};

}  // namespace

std::string to_string(const std::vector<EngineKnob>& knobs) {
  std::string text;
  for (const EngineKnob& knob : knobs) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", knob.type, knob.value);
  return text.empty() ? "none" : text;
}

std::string shapes_text(const ConvolutionProblem& p) {
  return fmt::format("x={} w={} stride={} padding={}", extents(p.x), extents(p.w), extents(p.stride),
                     extents(p.padding));
}

bool EngineEntry::is_for_same(const EngineEntry& other) const {
  return major == other.major && minor == other.minor && cudnn == other.cudnn && problem == other.problem;
}

EngineTable EngineTable::parse(std::string_view text, const std::string& name) {
  EngineTable table;
  std::size_t number = 0;
  for (std::string_view line : parts_of(text, '\n')) {
    ++number;
    line = line.substr(0, line.find('#'));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.find_first_not_of(' ') != line.npos) table.entries_.push_back(Line(name, number).entry(line));
  }
  return table;
}

EngineTable EngineTable::read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.bad() || (in.fail() && !in.eof()))
    fail(ErrorKind::usage, file, "the table of engines cannot be read; expected a file that sweep_engines wrote",
         "Name another file in CORTEXGRAD_ENGINES or --table, or remove this setting.");
  return parse(text.str(), file);
}

std::string EngineTable::text() const {
  std::string text = header;
  for (const EngineEntry& entry : entries_) {
    for (const Field& field : fields) text += fmt::format("{}={} ", field.key, field.write(entry));
    text += fmt::format("card={}\n", written_card(entry));
  }
  return text;
}

void EngineTable::put(EngineEntry entry) {
  const auto same = [&](const EngineEntry& other) { return other.is_for_same(entry); };
  if (const auto found = std::ranges::find_if(entries_, same); found != entries_.end())
    *found = std::move(entry);
  else
    entries_.push_back(std::move(entry));
}

void EngineTable::append(const EngineTable& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

std::map<ConvolutionProblem, EngineEntry> EngineTable::of(int major, int minor, Index cudnn) const {
  std::map<ConvolutionProblem, EngineEntry> found;
  for (const EngineEntry& entry : entries_)
    if (entry.major == major && entry.minor == minor && entry.cudnn == cudnn) found.try_emplace(entry.problem, entry);
  return found;
}

}  // namespace cg
