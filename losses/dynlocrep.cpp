// SPDX-License-Identifier: Apache-2.0
#include "losses/dynlocrep.h"

#include <fmt/format.h>

#include "tensor/error.h"

namespace cg {
namespace {

constexpr Index published_batch = 32;  // below it the published code repels all other rows

}  // namespace

Index DynLocRep::neighbours(const LossInput& in) const {
  const std::string where = std::string("loss.") + name;
  const NeighbourSchedule schedule{in.batch(), own.final_neighbours, own.step_size, in.max_epochs};
  const bool whole = own.step_size == 0 || (own.short_batch == ShortBatch::whole && in.batch() < published_batch);
  const Index rows = in.neighbours > 0 ? in.neighbours
                     : whole           ? in.rows()
                                       : in.views * neighbours_at(in.epoch, schedule);
  if (rows > in.rows())
    fail(ErrorKind::usage, where, fmt::format("{} neighbours cannot be selected from {} rows", rows, in.rows()));
  if (rows < 2)
    fail(ErrorKind::usage, where,
         fmt::format("no row is repelled at epoch {}: the only neighbour is the anchor itself (batch {}, {} view(s))",
                     in.epoch, in.batch(), in.views),
         in.rows() < 2 ? "Set train.batch_size to at least 2" : "Set loss.final_neighbours to at least 2");
  return rows;
}

std::vector<LossConflict> DynLocRep::conflicts(const LossSchedule& schedule) const {
  std::vector<LossConflict> out;
  if (own.final_neighbours > schedule.batch_size)
    out.push_back({{"loss.final_neighbours", "train.batch_size"},
                   fmt::format("loss.final_neighbours = {}: expected at most train.batch_size = {}",
                               own.final_neighbours, schedule.batch_size)});
  if (own.step_size > 0 && schedule.epochs / own.step_size < 2)
    out.push_back({{"loss.step_size", "train.epochs"},
                   fmt::format("loss.step_size = {}: expected at most half of train.epochs = {}, so that the "
                               "neighbourhood shrinks at least twice",
                               own.step_size, schedule.epochs)});
  return out;
}

std::vector<std::string> DynLocRep::warnings(const LossSchedule& schedule) const {
  if (own.step_size == 0)
    return {
        "loss dynlocrep: step_size = 0 builds no neighbourhood: all rows repel in every epoch, as in the exponential "
        "loss"};
  const auto at = [&](Index epoch) {
    const std::vector<double> ages(static_cast<std::size_t>(2 * schedule.batch_size));
    return neighbours({.z = {}, .ages = ages, .epoch = epoch, .max_epochs = schedule.epochs}) / 2;
  };
  const Index first = at(1), last = at(schedule.epochs);
  if (first != last) return {};
  return {
      fmt::format("loss dynlocrep: all epochs have the same {} neighbours of {} subjects in a batch, so nothing is "
                  "localised step by step. Use larger batches, a smaller loss.final_neighbours, or for batches "
                  "below {} loss.short_batch = \"localise\"",
                  first, schedule.batch_size, published_batch)};
}

}  // namespace cg
