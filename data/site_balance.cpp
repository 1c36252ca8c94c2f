#include "data/site_balance.h"

#include <algorithm>
#include <map>
#include <set>

namespace cg {
namespace {

/// One site's subjects, drawn one after the other.
class Site {
 public:
  void add(Index subject) { subjects_.push_back(subject); }

  /// The next subject that `taken` does not hold; false: it holds all of them.
  bool next(const std::set<Index>& taken, Random& random, Index& subject) {
    for (std::size_t tries = 0; tries < 2 * subjects_.size(); ++tries) {
      if (left_.empty()) left_ = random.permutation(static_cast<Index>(subjects_.size()));
      subject = subjects_[static_cast<std::size_t>(left_.back())];
      left_.pop_back();
      if (!taken.contains(subject)) return true;
    }
    return std::ranges::any_of(subjects_, [&](Index s) { return !taken.contains(subject = s); });
  }

 private:
  std::vector<Index> subjects_, left_;
};

}  // namespace

std::vector<Index> site_balanced_order(std::span<const Index> subjects, std::span<const std::string> sites,
                                       Index batch_size, Random& random) {
  std::map<std::string, Site> by_name;
  for (std::size_t i = 0; i < subjects.size(); ++i) by_name[sites[i]].add(subjects[i]);
  std::vector<Site> all;
  for (auto& site : by_name) all.push_back(std::move(site.second));
  std::vector<Index> order;
  while (order.size() < subjects.size()) {
    const std::size_t size = std::min(static_cast<std::size_t>(batch_size), subjects.size() - order.size());
    std::set<Index> taken;
    while (taken.size() < size)
      for (const Index k : random.permutation(static_cast<Index>(all.size()))) {
        Index subject = 0;
        if (taken.size() == size || !all[static_cast<std::size_t>(k)].next(taken, random, subject)) continue;
        taken.insert(subject);
        order.push_back(subject);
      }
  }
  return order;
}

}  // namespace cg
