// SPDX-License-Identifier: Apache-2.0
// What is wrong with a command line, in the words of a configuration's errors: found, expected, the nearest known word.
// Only for the programs' files: it needs CLI11. Read next: nearest.h.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <string>
#include <type_traits>
#include <vector>

#include "experiments/program/listed.h"
#include "experiments/program/nearest.h"

namespace cg {

/// A check of an option: the value is one of `words`. The error names the nearest.
inline CLI::Validator among(const std::vector<std::string>& words) {
  const auto check = [words](std::string& value) {
    for (const std::string& word : words)
      if (value == word) return std::string();
    return fmt::format("= {}: expected one of {}{}", value, listed(words), did_you_mean(value, words));
  };
  return CLI::Validator(check, "{" + listed(words) + "}");
}

/// A check of an option: the value is a number from `least` to `most`.
template <class T>
CLI::Validator in_range(T least, T most) {
  const auto check = [least, most](std::string& value) {
    T number{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size() && number >= least && number <= most)
      return std::string();
    return fmt::format("= {}: expected {} {} to {}", value, std::is_integral_v<T> ? "an integer," : "a number,", least,
                       most);
  };
  return CLI::Validator(check, fmt::format("in [{} - {}]", least, most));
}

/// The names of all options of a program and its commands, as they are typed.
inline std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* command : app.get_subcommands({}))
    for (const std::string& name : option_names(*command)) names.push_back(name);
  return names;
}

/// The first word that no option takes.
inline std::string unknown_word(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining(true);
  const auto option = std::find_if(words.begin(), words.end(), [](const auto& w) { return w.starts_with("-"); });
  if (option == words.end()) return fmt::format("unexpected argument \"{}\"", words.empty() ? "" : words.front());
  const std::string name = option->substr(0, option->find('='));
  return fmt::format("unknown option \"{}\"{}", name, did_you_mean(name, option_names(app)));
}

/// The option that an error of CLI11 names, or null.
inline const CLI::Option* named_option(const CLI::App& app, const std::string& text) {
  for (const CLI::Option* option : app.get_options())
    if (const std::string name = option->get_name(); !name.empty() && text.find(name) != std::string::npos)
      if (const char after = text[text.find(name) + name.size()]; after == ' ' || after == ':' || after == '\0')
        return option;
  for (const CLI::App* command : app.get_subcommands({}))
    if (const CLI::Option* option = named_option(*command, text)) return option;
  return nullptr;
}

/// What the type of an option accepts, in words.
inline std::string expected_type(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (type.starts_with("INT")) return "an integer";
  if (type.starts_with("UINT")) return "an integer, at least 0";
  if (type.starts_with("FLOAT")) return "a number";
  return "a value";
}

/// The sentence for an error of CLI11.
inline std::string option_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) return unknown_word(app);
  const CLI::Option* option = named_option(app, text);
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    if (option) return option->get_name() + " is missing";
    std::vector<std::string> commands;
    for (const CLI::App* command : app.get_subcommands({})) commands.push_back(command->get_name());
    const std::vector<std::string> words = app.remaining();
    return "a command is missing: expected one of " + listed(commands) +
           (words.empty() ? "" : did_you_mean(words.front(), commands));
  }
  if (!option) return text;
  const std::string name = option->get_name();
  if (dynamic_cast<const CLI::ValidationError*>(&error))  // ours begin with the value
    return text.starts_with(name + ": = ") ? name + text.substr(name.size() + 1) : text;
  if (dynamic_cast<const CLI::ConversionError*>(&error)) {
    if (option->get_items_expected_max() == 0) return name + " takes no value";
    return fmt::format("{} = {}: expected {}", name, listed(option->results()), expected_type(*option));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    const int values = option->get_items_expected_min();
    if (values == 0) return name + " takes no value";
    if (values == 1) return name + ": expected one value";
    return fmt::format("{}: expected {} values", name, values);
  }
  return text;
}

}  // namespace cg
