// SPDX-License-Identifier: Apache-2.0
#include "experiments/teaching/loss_cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/files/storage.h"
#include "losses/nnclr.h"
#include "losses/registry.h"
#include "losses/sup_con.h"
#include "tensor/error.h"

namespace cg {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const std::string& where, const std::string& what, const std::string& fix) {
  fail(ErrorKind::data, where, what, fix);
}

/// A number, which JSON has no infinity for: "inf" is a text.
double number_in(const std::string& where, const std::string& key, const json& given) {
  if (given.is_number()) return given.get<double>();
  if (given == "inf") return std::numeric_limits<double>::infinity();
  refuse(where, fmt::format("option {} is {}", key, given.dump()), "Give a number, or \"inf\"");
}

Index whole_number_in(const std::string& where, const std::string& key, const json& given) {
  const double number = number_in(where, key, given);
  if (number == std::floor(number) && number >= 0 && number <= 1e9) return static_cast<Index>(number);
  refuse(where, fmt::format("option {} is {}", key, given.dump()), "Give a whole number");
}

void set_field(const std::string& where, const Field<LossOptions>& f, const json& given, LossOptions& options) {
  const auto out_of_range = [&] {
    refuse(where, fmt::format("option {} is {}", f.key, given.dump()),
           "Run run_experiment --help-config to see the values that are allowed");
  };
  if (!f.accepts.instead.empty() && given == f.accepts.instead) return f.set(options, f.accepts.instead);
  if (std::holds_alternative<std::string>(f.get(options)) && f.accepts.instead.empty()) {
    const auto& words = f.accepts.choices;
    const std::string word = given.is_string() ? f.accepts.current(given.get<std::string>()) : "";
    if (std::find(words.begin(), words.end(), word) == words.end()) out_of_range();
    return f.set(options, word);
  }
  const double number = number_in(where, f.key, given);
  if (std::isnan(number) || number > f.accepts.most || number < f.accepts.least ||
      (f.accepts.open && number == f.accepts.least))
    out_of_range();
  if (std::holds_alternative<Index>(f.get(options)))
    f.set(options, whole_number_in(where, f.key, given));
  else
    f.set(options, number);
}

/// How far `got` is from what the dataset holds, relative to its largest entry.
double distance_from(const H5Reader& file, const std::string& dataset, std::span<const double> got) {
  const std::vector<double> want = file.numbers(dataset);
  if (want.size() != got.size())
    refuse(file.path() + ": " + dataset, fmt::format("{} numbers, expected {}", want.size(), got.size()),
           "Leave value and gradient out of a case, or give both in full");
  double apart = 0, largest = 0;
  for (std::size_t k = 0; k < want.size(); ++k) {
    apart = std::max(apart, std::abs(got[k] - want[k]));
    largest = std::max(largest, std::abs(want[k]));
  }
  return largest == 0 ? apart : apart / largest;
}

/// Copies a group but for what is about to be computed. Returns whether there was anything to copy.
bool copy_inputs(const H5Reader& from, const std::string& group, H5Writer& to) {
  bool copied = false;
  for (const std::string& name : from.members(group)) {
    const std::string dataset = group + "/" + name;
    if (name == "value" || name == "gradient" || name == "rows") continue;
    to.numbers(dataset, from.shape(dataset), from.numbers(dataset));
    copied = true;
  }
  return copied;
}

void copy_attributes(const H5Reader& from, const std::string& group, H5Writer& to) {
  for (const char* name : {"loss", "options"}) to.attribute(name, from.text_attribute(name, group), group);
  for (const char* name : {"batch_size", "views"})
    if (from.has_attribute(name, group)) to.attribute(name, from.number_attribute(name, group), group);
}

void write_result(const LossResult& result, const H5Reader& from, const std::string& group, H5Writer& to) {
  const Shape shape = from.shape(group + "/embeddings");
  to.numbers(group + "/value", {}, std::span(&result.value, 1));
  to.numbers(group + "/rows", {static_cast<Index>(result.rows.size())}, result.rows);
  to.numbers(group + "/gradient", shape, result.gradient);
}

}  // namespace

void read_case_options(const std::string& where, const std::string& text, LossCase& into) {
  const json options = json::parse(text, nullptr, false);
  if (!options.is_object()) refuse(where, "the options are not a JSON object", "Write the options as {\"sigma\": 2}");
  into.options.own.of<SupCon>().bin_width = 0;
  const std::vector<std::pair<std::string, Index LossCase::*>> numbers = {
      {"neighbours", &LossCase::neighbours}, {"epoch", &LossCase::epoch}, {"max_epochs", &LossCase::max_epochs}};
  for (const auto& [key, given] : options.items()) {
    const auto number = std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.first == key; });
    const auto field = std::find_if(loss_fields().begin(), loss_fields().end(),
                                    [&](const auto& f) { return f.key == key && key != "name"; });
    if (number != numbers.end())
      into.*number->second = whole_number_in(where, key, given);
    else if (field != loss_fields().end())
      set_field(where, *field, given, into.options);
    else
      refuse(where, fmt::format("there is no option \"{}\"", key), "Remove the option from the case");
  }
}

LossCase read_loss_case(const H5Reader& file, const std::string& group) {
  const std::string where = file.path() + ": " + group;
  LossCase c{.group = group, .options = {}, .z = {}, .ages = {}, .predictions = {}, .queue = {}};
  c.options.name = file.text_attribute("loss", group);
  loss_info(c.options.name);  // or a message with the names there are
  read_case_options(where, file.text_attribute("options", group), c);
  c.views = static_cast<Index>(file.number_attribute("views", group));
  const Shape shape = file.shape(group + "/embeddings");
  if (shape.size() != 2)
    refuse(where, "the embeddings are not a matrix", "Store the embeddings as a dataset of shape [n, d]");
  c.z = file.numbers(group + "/embeddings");
  const auto given = [&](const std::string& name) {
    return file.has(group + "/" + name) ? file.numbers(group + "/" + name) : std::vector<double>();
  };
  c.predictions = given("predictions");
  c.queue = given("queue");
  if (c.options.name == Nnclr::name && !file.has(group + "/ages"))  // knows no ages
    c.ages.resize(static_cast<std::size_t>(shape[0]));
  else
    c.ages = file.numbers(group + "/ages");
  return c;
}

CasesSummary evaluate_cases(const std::string& from, const std::string& to) {
  const H5Reader file(from);
  H5Writer out;
  CasesSummary summary;
  for (const std::string& group : file.members()) {
    bool copied = false;
    try {
      copied = copy_inputs(file, group, out);
      copy_attributes(file, group, out);
      const LossCase c = read_loss_case(file, group);
      const LossResult result = make_loss(c.options)->evaluate(c.input());
      write_result(result, file, group, out);
      ++summary.evaluated;
      if (!file.has(group + "/value") || !file.has(group + "/gradient")) continue;
      ++summary.compared;
      summary.largest_difference =
          std::max({summary.largest_difference, distance_from(file, group + "/value", std::span(&result.value, 1)),
                    distance_from(file, group + "/gradient", result.gradient)});
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::storage) throw;
      summary.failures.push_back(group + ": " + error.what());
      if (copied) out.attribute("error", error.what(), group);
    }
  }
  if (summary.evaluated + static_cast<Index>(summary.failures.size()) == 0)
    fail(ErrorKind::data, from, "the file contains no cases", "Store each case in a separate group");
  write_atomically(to, out.image());
  return summary;
}

}  // namespace cg
