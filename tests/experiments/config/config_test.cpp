// SPDX-License-Identifier: Apache-2.0
#include "experiments/config/config.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "data/files/digest.h"
#include "losses/dynlocrep.h"
#include "losses/registry.h"
#include "losses/threshold.h"
#include "tensor/error.h"

using namespace cg;

namespace {

const std::filesystem::path experiments = std::filesystem::path(CG_TEST_SOURCE) / "experiments";

/// The message about a configuration from overrides or text, or "" if it is accepted.
std::string refusal(const std::string& text, std::vector<std::string> overrides = {}) {
  try {
    parse_config({"f.toml", text, std::move(overrides)});
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "";
}

/// A value that the option accepts, other than its own.
Value other_value(const Value& value, const Accepts& accepts) {
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* count = std::get_if<Index>(&value))
    return static_cast<double>(*count) + 1 <= accepts.most ? *count + 1 : *count - 1;
  if (const auto* number = std::get_if<double>(&value))
    return std::isinf(*number) ? 1.5 : *number / 2 > accepts.least ? *number / 2 : *number + 0.25;
  if (!accepts.instead.empty()) return 0.75;  // a number in the place of a word
  if (const auto* word = std::get_if<std::string>(&value)) {
    const auto choice =
        std::find_if(accepts.choices.begin(), accepts.choices.end(), [&](auto& c) { return c != *word; });
    return choice == accepts.choices.end() ? *word + "-other" : *choice;
  }
  if (auto list = std::get_if<std::vector<Index>>(&value)) {
    auto longer = *list;
    longer.push_back(99);
    return longer;
  }
  if (auto list = std::get_if<std::vector<double>>(&value)) {
    auto longer = *list;
    longer.push_back(0.5);
    return longer;
  }
  auto longer = std::get<std::vector<std::string>>(value);
  longer.push_back(accepts.choices.empty() ? "other" : accepts.choices.front());
  return longer;
}

/// A value of a wrong type for the option, as TOML.
std::string wrong_type(const Value& value, const Accepts& accepts) {
  if (std::holds_alternative<std::string>(value)) return accepts.instead.empty() ? "1.5" : "'word'";
  if (std::holds_alternative<Index>(value)) return "1.5";
  return "'word'";
}

bool is_list(const Option& option) { return option.value.index() > Value(std::string()).index(); }

/// A word, as an element of a list if the option is a list.
std::string as_word(const Option& option, const std::string& word) {
  return is_list(option) ? "['" + word + "']" : "'" + word + "'";
}

/// A number, as an element of a list if the option is a list.
std::string as_value(const Option& option, double number) {
  const bool whole =
      std::holds_alternative<Index>(option.value) || std::holds_alternative<std::vector<Index>>(option.value);
  const std::string text = whole ? to_toml(Index(number)) : to_toml(number);
  return is_list(option) ? "[" + text + "]" : text;
}

/// All values of the table that must be refused: wrong type, below, above, unknown choice.
std::vector<std::string> refused_values(const Option& option) {
  std::vector<std::string> out{wrong_type(option.value, option.accepts), "{ a = 1 }"};
  const Accepts& a = option.accepts;
  if (!a.choices.empty()) out.push_back(as_word(option, a.choices[0] + "_"));
  if (std::isfinite(a.least)) out.push_back(as_value(option, a.open ? a.least : a.least - 1));
  if (std::isfinite(a.most)) out.push_back(as_value(option, a.most + 1));
  return out;
}

std::string leaf_of(const Option& option) { return option.key.substr(option.key.rfind('.') + 1); }

}  // namespace

TEST_CASE("Config: each key refuses a wrong type, values outside its range and unknown words") {
  for (const Option& option : options_of(config_fields()))
    for (const std::string& value : refused_values(option)) {
      CAPTURE(option.key);
      CAPTURE(value);
      const std::string message = refusal(option.key + " = " + value + "\n");
      CHECK(message.starts_with("f.toml:1:"));
      CHECK(message.find(option.key) != std::string::npos);
      CHECK(message.find('\n') == std::string::npos);
    }
}

TEST_CASE("Config: for each key with one letter too many, the key itself is suggested") {
  for (const Option& option : options_of(config_fields())) {
    const std::string leaf = leaf_of(option);
    CAPTURE(option.key);
    const std::string section = option.key.substr(0, option.key.size() - leaf.size());
    const std::string message = refusal(section + "x" + leaf + " = 1\n");
    CHECK(message.find("unknown key \"x" + leaf + "\"") != std::string::npos);
    CHECK(message.find("did you mean \"" + leaf + "\"?") != std::string::npos);
  }
}

TEST_CASE("Config: the ends of each range are accepted one by one") {
  for (const Option& option : options_of(config_fields())) {
    const Accepts& a = option.accepts;
    CAPTURE(option.key);
    std::vector<std::string> values{to_toml(option.value)};
    for (const std::string& choice : a.choices) values.push_back(as_word(option, choice));
    if (std::isfinite(a.least) && !a.open) values.push_back(as_value(option, a.least));
    if (std::isfinite(a.most)) values.push_back(as_value(option, a.most));
    for (const std::string& value : values)
      CHECK(check(options_of(config_fields()), {"f.toml", option.key + " = " + value + "\n", {}}).diagnostics.empty());
  }
}

TEST_CASE("Config: words of earlier versions are read and written as the present words") {
  int words = 0;
  for (const Option& option : options_of(config_fields()))
    for (const auto& [former, current] : option.accepts.former) {
      const std::string old_text = option.key + " = '" + former + "'\n", text = option.key + " = '" + current + "'\n";
      CAPTURE(old_text);
      CHECK(resolved_config(parse_config({"f.toml", old_text, {}})) ==
            resolved_config(parse_config({"f.toml", text, {}})));
      ++words;
    }
  CHECK(words == 2);
  CHECK(parse_config({"f.toml", "loss.formulation = 'paper'\n", {}}).loss.shared.formulation == Formulation::printed);
  CHECK(parse_config({"f.toml", "", {"loss.formulation=reference"}}).loss.shared.formulation == Formulation::published);
}

TEST_CASE("Config: a renamed word counts as the former one in the digest, so that earlier runs can be resumed") {
  const std::string text = plain(options_of(config_fields(), Config{}));
  CHECK(text.find("loss.formulation = \"reference\"\n") != std::string::npos);
}

TEST_CASE("Config: a key that earlier versions did not have counts in the digest only if it changes what they did") {
  int keys = 0;
  for (const Option& option : options_of(config_fields())) {
    const std::string& implied = option.accepts.implied;
    if (implied.empty()) continue;
    CAPTURE(option.key);
    ++keys;
    CHECK(option.value == Value(implied));  // the default: else no configuration would have the earlier digest
    CHECK(std::ranges::find(option.accepts.choices, implied) != option.accepts.choices.end());
    const std::string line = option.key + " = ";
    CHECK(plain(options_of(config_fields(), Config{})).find(line) == std::string::npos);
    for (const std::string& choice : option.accepts.choices) {
      const Config with = parse_config({"f.toml", line + "'" + choice + "'\n", {}});
      CHECK((config_digest(with) == config_digest(Config{})) == (choice == implied));
      CHECK(resolved_config(with).find(leaf_of(option) + " = \"" + choice + "\"\n") != std::string::npos);
    }
  }
  CHECK(keys == 2);
  const Config threshold = parse_config({"f.toml", "loss.weight_precision = 'float32'\n", {}});
  CHECK(threshold.loss.own.of<Threshold>().weight_precision == WeightPrecision::float32);
}

TEST_CASE("Config: options that do not fit together are refused at the position where they are set") {
  CHECK(refusal("[data]\nfold = 5\n").starts_with("f.toml:2:8: data.fold = 5: expected 0 to 4"));
  CHECK(refusal("[data]\nfolds = 2\nfold = 1\n").empty());
  CHECK(refusal("[train]\nbatch_size = 8\n").starts_with("f.toml:2:14: loss.final_neighbours = 14: expected at most"));
  CHECK(refusal("[train]\nbatch_size = 8\n[loss]\nname = 'y_aware'\n").empty());
  CHECK(refusal("train.epochs = 1\n").starts_with("f.toml:1:16: loss.step_size = 1: expected at most half"));
  CHECK(refusal("loss.step_size = 25\n").empty());
  CHECK(refusal("loss.step_size = 26\n").starts_with("f.toml:1:18: loss.step_size = 26"));
  CHECK(refusal("seeds = []\n").starts_with("f.toml:1:9: seeds: the list is empty"));
  CHECK(refusal("seeds = [1, 2, 1]\n").starts_with("f.toml:1:9: seeds: the list contains the same seed"));
  CHECK(refusal("data.augment.apply = ['flip', 'noise', 'flip']\n")
            .starts_with("f.toml:1:22: data.augment.apply: the list contains the same"));
  CHECK(refusal("data.augment.apply = ['noise', 'flip']\n").empty());
  CHECK(refusal("", {"data.fold=7"}).starts_with("command line: data.fold = 7"));
}

TEST_CASE("Config: a refused option causes no second error about its combination") {
  CHECK(refusal("[train]\nbatch_size = 1\n") == "f.toml:2:14: train.batch_size = 1: expected an integer, 2 to 4096");
}

TEST_CASE("Config: errors of single options and of combinations are reported together") {
  const std::string message = refusal("[train]\nepoch = 3\n[data]\nfold = 9\n", {"seeds=-1"});
  CHECK(message.find("f.toml:2:1: unknown key \"epoch\" in [train]; did you mean \"epochs\"?\n") == 0);
  CHECK(message.find("\nf.toml:4:8: data.fold = 9") != std::string::npos);
  CHECK(message.find("\ncommand line: seeds = [-1]") != std::string::npos);
}

TEST_CASE("Config: the shipped experiments are valid, and dynlocrep has the published settings") {
  const Config quick = parse_config(read_source((experiments / "quickstart.toml").string(), {}));
  CHECK(quick.seeds.size() == 1);
  const Config c = parse_config(read_source((experiments / "dynlocrep.toml").string(), {}));
  CHECK(c.seeds == std::vector<Index>{0, 1, 2, 3, 4});
  CHECK(c.train.epochs == 50);
  CHECK(c.train.batch_size == 32);
  CHECK(c.train.learning_rate == 1e-4);
  CHECK(c.train.weight_decay == 5e-5);
  CHECK(c.train.decay_factor == 0.9);
  CHECK(c.train.decay_every == 10);
  CHECK(c.loss.name == "dynlocrep");
  CHECK(c.loss.shared.formulation == Formulation::published);
  CHECK(c.loss.own.of<DynLocRep>().final_neighbours == 14);
  CHECK(c.loss.own.of<DynLocRep>().step_size == 1);
  CHECK_FALSE(c.loss.shared.temperature);  // the published one
  CHECK(c.loss.shared.base_temperature == 0.07);
  CHECK(c.data.phantom.voxel_mm == 2);
  CHECK(c.evaluation.features == Features::projected);
}

TEST_CASE("Config: every loss has its published temperature in every shipped and every resolved configuration") {
  for (const auto& entry : std::filesystem::directory_iterator(experiments)) {
    if (entry.path().extension() != ".toml") continue;
    const Source shipped = read_source(entry.path().string(), {});
    if (is_study(shipped)) continue;
    const Source resolved{entry.path().string(), resolved_config(parse_config(shipped)), {}};
    for (const std::string& loss : loss_names())
      for (Source source : {shipped, resolved}) {
        CAPTURE(source.file);
        CAPTURE(loss);
        source.overrides = {"loss.name=" + loss};
        const LossOptions options = with_published_values(parse_config(source).loss);
        CHECK(options.shared.temperature == (loss == "rank_n_contrast" ? 2 : 0.1));
        CHECK(options.shared.base_temperature == 0.07);
      }
  }
}

TEST_CASE("Config: a temperature that is set counts, and a word other than published is refused") {
  const Source source{"f.toml", "", {"loss.name=rank_n_contrast", "loss.temperature=1"}};
  CHECK(parse_config(source).loss.shared.temperature == 1);
  CHECK(refusal("loss.temperature = 'publish'\n") ==
        "f.toml:1:20: loss.temperature: expected a number, above 0, or \"published\", found the text \"publish\"");
  CHECK(refusal("loss.temperature = 0\n") ==
        "f.toml:1:20: loss.temperature = 0.0: expected a number, above 0, or \"published\"");
  CHECK(refusal("", {"loss.temperature=publishe"}).find("or \"published\"") != std::string::npos);
}

TEST_CASE(
    "Config: an option that changes no number does not count in the digest, so that a run can be resumed with it") {
  Config less_memory;
  less_memory.train.recompute = Recompute::stem;
  CHECK(config_digest(less_memory) == config_digest(Config{}));
  CHECK(config_digest(parse_config({"f.toml", "", {"train.recompute=stem"}})) == config_digest(Config{}));
}

TEST_CASE("Config: the resolved copy shows the published value, and its digest is that of the number") {
  const Config c = parse_config({"f.toml", "", {"loss.name=rank_n_contrast"}});
  CHECK(resolved_config(c).find("\ntemperature = \"published\"  # here 2.0\n") != std::string::npos);
  CHECK(config_digest(c) ==
        config_digest(parse_config({"f.toml", "", {"loss.name=rank_n_contrast", "loss.temperature=2"}})));
  CHECK(config_digest(c) !=
        config_digest(parse_config({"f.toml", "", {"loss.name=rank_n_contrast", "loss.temperature=0.1"}})));
}

TEST_CASE("Config: the resolved copy is the same configuration with the same digest") {
  Config c = parse_config(read_source((experiments / "dynlocrep.toml").string(), {"data.cohort=a \"b\".h5"}));
  c.train.learning_rate = 1.0 / 3;
  const std::string text = resolved_config(c);
  const Config back = parse_config({"elsewhere/f.toml", text, {}});
  CHECK(resolved_config(back) == text);
  CHECK(config_digest(back) == config_digest(c));
  CHECK(config_digest(c).size() == 64);
  CHECK(config_digest(c, text) == config_digest(c));
  CHECK(is_copy(text, c));
  CHECK(text.find(default_run_folder("config.resolved", back).string() + "\n") != std::string::npos);  // as it says
  for (const Option& option : options_of(config_fields()))
    CHECK(text.find(fmt::format("\n{} = ", leaf_of(option))) != std::string::npos);
}

TEST_CASE("Config: any changed option that can change a number changes the digest and thus the run folder") {
  std::set<std::string> digests = {config_digest({})}, folders = {default_run_folder("x", {}).string()};
  for (const Field<Config>& field : config_fields()) {
    CAPTURE(field.key);
    Config c;
    field.set(c, other_value(field.get(c), field.accepts));
    REQUIRE(field.get(c) != field.get({}));
    CHECK(digests.insert(config_digest(c)).second == field.accepts.changes_numbers);
    CHECK(folders.insert(default_run_folder("x", c).string()).second == field.accepts.changes_numbers);
    CHECK(default_run_folder("x", c) == "runs/x-" + config_digest(c).substr(0, 10));
  }
  CHECK(digests.size() > 60);
}

TEST_CASE("Config: the manual lists all keys in at most 100 columns") {
  const std::string text = fmt::format("\n{}", config_manual());
  for (const Option& option : options_of(config_fields())) {
    CAPTURE(option.key);
    CHECK(text.find(fmt::format("\n  {} ", leaf_of(option))) != std::string::npos);
    CHECK(text.find("default " + to_toml(option.value)) != std::string::npos);
  }
  std::size_t start = 0;
  for (std::size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) CHECK(end - start <= 101);
}

TEST_CASE("Config: paths are relative to the file that contains them, or to the working folder") {
  const Config in_file = parse_config({"/some/where/f.toml", "data.cohort = '../maps.h5'\n", {}});
  CHECK(in_file.data.cohort == "/some/maps.h5");
  const Config given = parse_config({"/some/where/f.toml", "data.cohort = 'x.h5'\n", {"data.cohort=maps.h5"}});
  CHECK(given.data.cohort == (std::filesystem::current_path() / "maps.h5").string());
  CHECK(parse_config({"f.toml", "", {}}).data.cohort.empty());
}

TEST_CASE("Config: a name is searched among the experiments, and an error lists them") {
  CHECK(find_config("quickstart", experiments) == experiments / "quickstart.toml");
  CHECK(find_config("quickstart.toml", experiments) == experiments / "quickstart.toml");
  {
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("cg-config-{}", getpid());
    std::filesystem::create_directories(folder / "quickstart");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder);
    CHECK(find_config("quickstart", experiments) == experiments / "quickstart.toml");  // not the folder of this name
    std::filesystem::current_path(before);
    std::filesystem::remove_all(folder);
  }
  CHECK(find_config((experiments / "dynlocrep.toml").string(), "/nowhere") == experiments / "dynlocrep.toml");
  CHECK_THROWS_WITH_AS(find_config("quikstart", experiments),
                       doctest::Contains("one of dynlocrep, dynlocrep_published, fig4a_distances, "), Error);
  CHECK_THROWS_WITH_AS(read_source(experiments.string(), {}), doctest::Contains("cannot be read"), Error);
  CHECK_THROWS_WITH_AS(read_source("/nowhere/f.toml", {}), doctest::Contains("cannot be read"), Error);
}

TEST_CASE("Config: all shipped experiments are valid, and pre-training is as published") {
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(experiments))
    if (entry.path().extension() == ".toml") {
      CAPTURE(entry.path().string());
      const Source source = read_source(entry.path().string(), {});
      if (is_study(source)) continue;  // experiments.study.study reads them
      CHECK_NOTHROW(parse_config(source));
      ++read;
    }
  CHECK(read >= 5);
  const Config c = parse_config(read_source((experiments / "pretrain_openbhb.toml").string(), {"data.cohort=t1.h5"}));
  CHECK(c.train.epochs == 300);
  CHECK(c.train.batch_size == 32);
  CHECK(c.loss.name == "exponential");
  CHECK(c.loss.shared.sigma == 2);
  CHECK(c.data.normalise == NormaliseScope::subject);
  CHECK(c.data.augment.apply.size() > 1);
}

TEST_CASE("SHA-256: the published digests") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  char name[] = "/tmp/cortexgrad-digest-XXXXXX";
  const int file = mkstemp(name);
  REQUIRE(file >= 0);
  std::ofstream(name) << "abc";
  CHECK(sha256_of_file(name) == sha256("abc"));
  std::filesystem::remove(name);
  CHECK_THROWS_AS(sha256_of_file(name), Error);
}
