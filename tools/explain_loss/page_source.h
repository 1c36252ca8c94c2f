// The files of the page beside this one, as texts: page_source.cpp is made of them when the project is built
// (embed.cmake).
#pragma once

namespace cg {
extern const char* const page_html;
extern const char* const page_css;
extern const char* const page_script;
}  // namespace cg
