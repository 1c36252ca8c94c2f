// SPDX-License-Identifier: Apache-2.0
#include "experiments/study/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "tensor/error.h"
#include "tensor/random.h"

namespace cg {
namespace {

namespace fs = std::filesystem;

/// Options of a row besides those of its configuration.
struct RowOptions {
  std::string label;
  std::vector<double> paper;
};

Fields<RowOptions> row_fields() {
  using O = RowOptions;
  return {field("label", &O::label, any(), "The name of the row in tables."),
          field("paper", &O::paper, at_least(0), "The paper's test MAE and its SD over seeds, years.")};
}

struct RandomOptions {
  Index draws = 0, seed = 0;
};

Fields<RandomOptions> random_fields() {
  using O = RandomOptions;
  return {field("draws", &O::draws, between(1, 10000), "Number of rows."),
          field("seed", &O::seed, between(0, 4294967295.0), "Of the draws.")};
}

/// The rest of a key after a prefix with a dot; nothing if the key does not have it.
std::optional<std::string> after(const std::string& key, const std::string& prefix) {
  if (!key.starts_with(prefix + ".")) return std::nullopt;
  return key.substr(prefix.size() + 1);
}

template <class S>
Fields<S> with_prefix(Fields<S> fields, const std::string& prefix) {
  for (auto& f : fields) f.key = prefix + f.key;
  return fields;
}

bool has_field(const auto& fields, const std::string& key) {
  return std::ranges::any_of(fields, [&](const auto& f) { return f.key == key; });
}

/// The settings of a study's file, sorted by what they are for.
struct Sorted {
  std::vector<Setting> own, common, grid, draws;               ///< draws: those with a range
  std::vector<Setting> random;                                 ///< [study.random] itself
  std::vector<std::pair<Setting, std::vector<Setting>>> rows;  ///< header, then what is in it, in the file's order
};

void sort_setting(Setting setting, Sorted& out) {
  if (const auto row = after(setting.key, "study.rows")) {
    const std::string name = row->substr(0, row->find('.'));
    auto at = std::ranges::find_if(out.rows, [&](const auto& r) { return r.first.key == name; });
    if (at == out.rows.end()) {
      Setting header = setting;
      header.key = name;
      at = out.rows.insert(out.rows.end(), {header, {}});
    }
    if (const auto rest = after(*row, name)) {
      setting.key = *rest;
      at->second.push_back(std::move(setting));
    }
  } else if (const auto varied = after(setting.key, "study.grid")) {
    setting.key = *varied;
    if (!setting.section) out.grid.push_back(std::move(setting));
  } else if (const auto drawn = after(setting.key, "study.random")) {
    setting.key = *drawn;
    if (has_field(random_fields(), *drawn))
      out.random.push_back(std::move(setting));
    else if (!setting.section)
      out.draws.push_back(std::move(setting));
  } else if (const auto own = after(setting.key, "study")) {
    setting.key = *own;
    if (*own != "rows" && *own != "grid" && *own != "random") out.own.push_back(std::move(setting));
  } else if (setting.key != "study") {
    out.common.push_back(std::move(setting));
  }
}

/// TOML's tables are sorted by name; the file's order is that of positions.
Sorted sorted(std::vector<Setting> settings) {
  std::ranges::stable_sort(settings, {}, &Setting::key_at);
  Sorted out;
  for (Setting& setting : settings) sort_setting(std::move(setting), out);
  return out;
}

/// The values of a list, one by one.
std::vector<Value> elements(const Setting& setting, Diagnostics& problems) {
  std::vector<Value> out;
  const auto add = [&](const auto& list) {
    for (const auto& value : list) out.push_back(value);
  };
  if (setting.value) {
    if (const auto* integers = std::get_if<std::vector<Index>>(&*setting.value)) add(*integers);
    if (const auto* numbers = std::get_if<std::vector<double>>(&*setting.value)) add(*numbers);
    if (const auto* words = std::get_if<std::vector<std::string>>(&*setting.value)) add(*words);
  }
  if (out.empty())
    problems.add(
        {setting.value_at, fmt::format("{}: expected a list of values, found {}", setting.key, setting.found)});
  return out;
}

/// A setting with this value in the place of its list.
Setting with_value(Setting setting, const Value& value) {
  setting.value = value;
  setting.found = to_toml(value);
  return setting;
}

/// The settings of a row that is not written out, and its name.
struct MadeRow {
  std::string name;
  std::vector<Setting> settings;
};

void name_by(MadeRow& row, const std::string& key, const Value& value) {
  row.name += fmt::format("{}{} = {}", row.name.empty() ? "" : ", ", key.substr(key.rfind('.') + 1), to_toml(value));
}

std::vector<MadeRow> grid_rows(const Sorted& parts, Diagnostics& problems) {
  if (parts.grid.empty()) return {};
  std::vector<MadeRow> rows(1);
  for (const Setting& setting : parts.grid) {
    const std::vector<MadeRow> before = std::exchange(rows, {});
    for (const MadeRow& row : before)
      for (const Value& value : elements(setting, problems)) {
        rows.push_back(row);
        name_by(rows.back(), setting.key, value);
        rows.back().settings.push_back(with_value(setting, value));
      }
  }
  return rows;
}

/// A number between the two of a range, each whole number equally often.
Value drawn(const Setting& setting, Random& random, Diagnostics& problems) {
  if (const auto* whole = setting.value ? std::get_if<std::vector<Index>>(&*setting.value) : nullptr;
      whole && whole->size() == 2 && (*whole)[0] <= (*whole)[1])
    return (*whole)[0] + random.below((*whole)[1] - (*whole)[0] + 1);
  if (const auto* range = setting.value ? std::get_if<std::vector<double>>(&*setting.value) : nullptr;
      range && range->size() == 2 && (*range)[0] <= (*range)[1])
    return (*range)[0] + random.uniform() * ((*range)[1] - (*range)[0]);
  problems.add({setting.value_at, fmt::format("{}: expected the two ends of a range, the smaller one first, found {}",
                                              setting.key, setting.found)});
  return Index{0};
}

MadeRow random_row(const Sorted& parts, Random& random, Diagnostics& problems) {
  MadeRow row;
  for (const Setting& setting : parts.draws) {
    const Value value = drawn(setting, random, problems);
    name_by(row, setting.key, value);
    row.settings.push_back(with_value(setting, value));
  }
  return row;
}

/// Different rows: a combination that was drawn before is drawn again.
std::vector<MadeRow> random_rows(const Sorted& parts, const RandomOptions& options, Diagnostics& problems) {
  constexpr Index tries_per_draw = 1000;
  Random random({.seed = static_cast<std::uint64_t>(options.seed)});
  std::vector<MadeRow> rows;
  std::set<std::string> names;
  for (Index k = 0; k < options.draws * tries_per_draw && static_cast<Index>(rows.size()) < options.draws; ++k) {
    MadeRow row = random_row(parts, random, problems);
    if (!problems.empty()) return {};
    if (names.insert(row.name).second) rows.push_back(std::move(row));
  }
  if (options.draws == 0 && !parts.draws.empty())
    problems.add({parts.draws.front().key_at, "study.random.draws: expected the number of rows, 1 to 10000"});
  if (static_cast<Index>(rows.size()) < options.draws)
    problems.add(
        {{1, 1},
         fmt::format("study.random.draws = {}: the ranges have {} combinations only", options.draws, rows.size())});
  return rows;
}

/// Reads one study's rows.
class Reader {
 public:
  Reader(const Source& source, const fs::path& experiments) : source_(source), experiments_(experiments) {
    for (const std::string& text : source.overrides)
      (text.starts_with("study.") ? own_overrides_ : overrides_).push_back(text);
    for (std::string& text : own_overrides_) text = text.substr(std::string("study.").size());
  }

  std::vector<Study> read() {
    const Sorted parts = sorted(read_toml(source_.text, problems_));
    Study study{fs::path(source_.file).stem().string(), own(parts), {}};
    throw_diagnostics(source_, problems_);
    if (!study.options.parts.empty()) return read_parts(study.options, parts);
    if (const std::set<Index> seeds(study.options.seeds.begin(), study.options.seeds.end());
        seeds.empty() || seeds.size() < study.options.seeds.size())
      problems_.add({position_of(parts, "seeds"), "study.seeds: expected at least one seed, and each seed once"});
    if (study.options.base.empty())
      problems_.add({position_of(parts, "base"), "study.base: expected a configuration file"});
    throw_diagnostics(source_, problems_);
    const Config base = read_base(study.options);
    for (const auto& [header, settings] : parts.rows) add_row(study, base, parts.common, header.key, settings);
    std::vector<MadeRow> made = grid_rows(parts, problems_);
    for (MadeRow& row : random_rows(parts, random_options(parts), problems_)) made.push_back(std::move(row));
    for (const MadeRow& row : made) add_row(study, base, parts.common, row.name, row.settings);
    if (study.rows.empty())
      problems_.add({{1, 1}, "this study has no rows: write [study.rows.NAME], [study.grid] or [study.random]"});
    const std::string& reference = study.options.reference;
    if (!reference.empty() && std::ranges::none_of(study.rows, [&](const StudyRow& r) { return r.name == reference; }))
      problems_.add(
          {position_of(parts, "reference"), fmt::format("study.reference = \"{}\": there is no such row", reference)});
    throw_diagnostics(source_, problems_);
    return {study};
  }

 private:
  template <class S>
  S checked(const Fields<S>& fields, const std::string& prefix, const std::vector<Setting>& settings,
            const std::vector<std::string>& overrides = {}) {
    const Fields<S> named = with_prefix(fields, prefix);
    std::vector<Setting> whole = settings;
    for (Setting& setting : whole) setting.key = prefix + setting.key;
    std::vector<std::string> whole_overrides;
    for (const std::string& text : overrides) whole_overrides.push_back(prefix + text);
    const Checked out = check(options_of(named), whole, whole_overrides);
    for (const Diagnostic& problem : out.diagnostics.list()) problems_.add(problem);
    return assemble(named, out);
  }

  StudyOptions own(const Sorted& parts) { return checked(study_fields(), "study.", parts.own, own_overrides_); }
  RandomOptions random_options(const Sorted& parts) { return checked(random_fields(), "study.random.", parts.random); }

  /// The study that a part names. Its own parts would be parts of parts, maybe without end.
  std::vector<Study> part(const std::string& name) const {
    const Source source = read_source(path_of(name), source_.overrides);
    Diagnostics ignored;
    for (const Setting& setting : read_toml(source.text, ignored))
      if (setting.key == "study.parts")
        fail(ErrorKind::usage, source_.file, fmt::format("study.parts: \"{}\" itself has parts", name),
             "Name the parts of that study instead");
    return read_studies(source, experiments_);
  }

  static bool has(const Sorted& parts, const std::string& key) {
    return std::ranges::any_of(parts.own, [&](const Setting& s) { return s.key == key; });
  }
  static Position position_of(const Sorted& parts, const std::string& key) {
    for (const Setting& setting : parts.own)
      if (setting.key == key) return setting.value_at;
    return {1, 1};
  }

  std::string path_of(const std::string& name) const {
    const fs::path beside = fs::path(source_.file).parent_path() / name;
    return fs::exists(beside) ? beside.string() : find_config(name, experiments_).string();
  }

  Config read_base(const StudyOptions& options) const { return parse_config(read_source(path_of(options.base), {})); }

  std::vector<Study> read_parts(const StudyOptions& options, const Sorted& parts) {
    if (!parts.rows.empty() || !parts.grid.empty() || !parts.draws.empty() || !parts.common.empty())
      problems_.add(
          {position_of(parts, "parts"), "study.parts: a study of other studies cannot have separate rows and options"});
    for (const char* key : {"base", "seeds", "protocol", "reference"})
      if (has(parts, key))
        problems_.add(
            {position_of(parts, key),
             fmt::format("study.{}: remove this option; a study of other studies uses that of each part", key)});
    throw_diagnostics(source_, problems_);
    std::vector<Study> all;
    for (const std::string& name : options.parts)
      for (Study& study : part(name)) {
        if (std::ranges::any_of(all, [&](const Study& other) { return other.name == study.name; }))
          fail(ErrorKind::usage, source_.file, fmt::format("study.parts names \"{}\" twice", study.name),
               "Name each study once");
        all.push_back(std::move(study));
      }
    return all;
  }

  /// A study has one list of seeds for all rows, so that rows can be compared.
  void refuse_own_seeds(const std::vector<Setting>& settings) {
    const std::string text = "seeds: a study has the same seeds in all rows; set study.seeds";
    for (const Setting& setting : settings)
      if (setting.key == "seeds") problems_.add({setting.key_at, text});
    for (const std::string& setting : overrides_)
      if (setting.starts_with("seeds=")) problems_.add({{}, text});
  }

  void add_row(Study& study, const Config& base, const std::vector<Setting>& common, const std::string& name,
               const std::vector<Setting>& settings) {
    std::vector<Setting> of_row, of_config = common;
    for (const Setting& setting : settings)
      (has_field(row_fields(), setting.key) ? of_row : of_config).push_back(setting);
    refuse_own_seeds(of_config);
    const auto row = checked(row_fields(), "study.rows." + name + ".", of_row);
    if (!row.paper.empty() && row.paper.size() != 2)
      problems_.add({of_row.back().value_at, fmt::format("study.rows.{}.paper: expected the mean and the SD", name)});
    StudyRow out{name, row.label.empty() ? name : row.label, std::nullopt, {}};
    if (row.paper.size() == 2) out.paper = MeanSd{row.paper[0], row.paper[1]};
    out.config = changed_config(base, of_config, {source_.file, "", overrides_}, problems_);
    out.config.seeds = study.options.seeds;
    if (std::ranges::any_of(study.rows, [&](const StudyRow& other) { return other.name == name; }))
      problems_.add({{1, 1}, fmt::format("two rows have the name \"{}\"", name)});
    study.rows.push_back(std::move(out));
  }

  const Source& source_;
  const fs::path& experiments_;
  std::vector<std::string> overrides_, own_overrides_;
  Diagnostics problems_;
};

}  // namespace

Fields<StudyOptions> study_fields() {
  using O = StudyOptions;
  return {
      field("title", &O::title, any(), "The heading of the study's tables."),
      field("base", &O::base, any(), "The configuration that all rows share, a file beside this one or a name."),
      field("seeds", &O::seeds, between(0, 4294967295.0), "Each row is trained once per seed."),
      field("protocol", &O::protocol, {"published", "k_fold", "repeated", "leave_one_study_out"},
            "published: the test part of the configuration, the same for all seeds; k_fold: each seed "
            "has its own division, from data.split_seed + seed, and each of data.folds parts is the test part "
            "once; repeated: the same, with only the part data.fold tested; leave_one_study_out: each study of the "
            "cohort is the test part "
            "once per seed."),
      field("parts", &O::parts, any(), "Other studies, in the place of rows."),
      field("reference", &O::reference, any(), "The row that the others are compared with; empty: the first."),
  };
}

std::string study_manual() {
  return manual(options_of(with_prefix(study_fields(), "study."))) +
         manual(options_of(with_prefix(row_fields(), "study.rows.NAME."))) +
         manual(options_of(with_prefix(random_fields(), "study.random.")));
}

std::vector<Study> read_studies(const Source& source, const fs::path& experiments) {
  return Reader(source, experiments).read();
}

}  // namespace cg
