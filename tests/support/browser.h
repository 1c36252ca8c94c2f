// SPDX-License-Identifier: Apache-2.0
// A page in a real browser, without a window: Chromium, if it is installed.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>

#include "tests/data/formats/raw_h5.h"
#include "tests/support/shell.h"

namespace cg::test {

/// The name of the browser's program; empty, after a message that the test is skipped, if there is none.
inline std::string browser_or_skip() {
  const std::string found =
      shell("command -v chromium || command -v chromium-browser || command -v google-chrome").text;
  if (found.empty())
    MESSAGE("[skipped: no Chromium. Install the package chromium: tools/install_dependencies.sh --tests]");
  return found.substr(0, found.find('\n'));
}

/// The text of the element `id`, an HTML element pre, after the scripts of the page at `path` have run, and `seconds`
/// later on the page's own clock, which does not wait. The page may read the documents of frames that it makes from
/// other files.
inline std::string text_in_browser(const std::string& browser, const std::string& path, const std::string& id,
                                   int seconds = 0) {
  const TemporaryFile profile("profile");
  const Finished dom = shell(fmt::format(
      "{} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars "
      "--allow-file-access-from-files --window-size=1400,1000 {} --user-data-dir={} --dump-dom file://{} 2>&1",
      browser, seconds > 0 ? fmt::format("--virtual-time-budget={}", 1000 * seconds) : "", profile.path, path));
  std::filesystem::remove_all(profile.path);
  const std::string begin = fmt::format(R"(<pre id="{}">)", id);
  const auto from = dom.text.rfind(begin);
  CAPTURE(dom.code);
  CAPTURE(dom.text.substr(0, 2000));
  REQUIRE(from != std::string::npos);
  return dom.text.substr(from + begin.size(), dom.text.find("</pre>", from) - from - begin.size());
}

}  // namespace cg::test
