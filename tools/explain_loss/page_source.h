// SPDX-License-Identifier: Apache-2.0
// The files of the page in this folder, as texts. The build generates page_source.cpp from them (embed.cmake).
#pragma once

namespace cg {
extern const char* const page_html;
extern const char* const page_css;
extern const char* const page_script;
}  // namespace cg
