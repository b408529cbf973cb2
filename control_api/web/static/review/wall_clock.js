// Media time and wall time of a session's footage. Pure: a timeline in, numbers out.
// A piece plays from at_s for length_s seconds and was recorded from wall_ms on; gaps take no media time.

const PAST_END_S = 0.001;
// Sound reaches a little over the end of a run's picture: at the very seam the frame before it still shows.
const SEAM_S = 0.12;

/** The piece that plays at media second `at`, or the nearest one. */
export function pieceAt(pieces, at) {
  let found = pieces[0] ?? null;
  for (const piece of pieces) {
    if (piece.at_s > at + PAST_END_S) break;
    found = piece;
  }
  return found;
}

/** Wall milliseconds of media second `at`; null without footage. */
export function wallAt(pieces, at) {
  const piece = pieceAt(pieces, at);
  if (!piece) return null;
  const inside = Math.min(Math.max(at - piece.at_s, 0), piece.length_s);
  return piece.wall_ms + inside * 1000;
}

/** Media second of wall time `wall`; inside a gap the next footage after it. Null without footage. */
export function mediaAt(pieces, wall) {
  let best = null;
  for (const piece of pieces) {
    const end = piece.wall_ms + piece.length_s * 1000;
    if (wall >= piece.wall_ms && wall < end) return piece.at_s + (wall - piece.wall_ms) / 1000;
    if (piece.wall_ms >= wall && (best === null || piece.wall_ms < best.wall_ms)) best = piece;
  }
  if (best) return best.at_s + (best === pieces[0] ? 0 : SEAM_S);
  const last = pieces.at(-1);
  return last ? last.at_s + last.length_s - 0.05 : null;
}

/** What is missing at wall time `wall`, on any track. */
export function missingAt(missing, wall) {
  return missing.filter((gap) => wall >= gap.from_ms && wall < gap.to_ms);
}

/** Clock of the county: `clock(ms)` as 09:41:07, `day(ms)` as 2026-11-23. */
export function countyClock(zone) {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const day = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  return { clock: (ms) => time.format(ms), day: (ms) => day.format(ms) };
}
