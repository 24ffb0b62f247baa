// Two videos over time, with the parts that show the same.
import { html, useRef } from "../app/html.js";
import { clock, name, percent } from "../app/format.js";

const WIDTH = 1000;
const BAR = 22;
const GAP = 56;

// Where the submitter's metadata says a video can be played from; nothing is loaded before somebody asks for it.
function playableAddress(decision) {
  const { url, source_url: sourceUrl } = decision?.metadata || {};
  return [url, sourceUrl].find((address) => typeof address === "string" && /^https:\/\//.test(address) && address.length < 4096);
}

export function Timelines({ group, member }) {
  const player = useRef(null);
  const address = playableAddress(member.decision);
  const play = (seconds) => {
    player.current.currentTime = seconds;
    player.current.play().catch(() => {}); // the player itself says what is wrong
  };
  const match = member.match;
  const video = member.decision.facts?.video;
  const known = group.canonical?.facts?.video;
  if (!match?.segments?.length || !video || !known) return null;
  const longest = Math.max(video.duration_s, known.duration_s, 0.001);
  const x = (seconds) => (seconds / longest) * WIDTH;
  return html`<section class="panel timelines"><h2>The matched part</h2>
    <svg viewBox=${`0 0 ${WIDTH} ${2 * BAR + GAP}`} preserveAspectRatio="none" role="img" aria-label=${inWords(match)}>
      <rect class="film" x="0" y="0" width=${x(known.duration_s)} height=${BAR} rx="4" />
      <rect class="film" x="0" y=${BAR + GAP} width=${x(video.duration_s)} height=${BAR} rx="4" />
      ${match.segments.map((segment) => html`
        <polygon class="link" points=${`${x(segment.known_from_s)},${BAR} ${x(segment.known_to_s)},${BAR} ${x(segment.to_s)},${BAR + GAP} ${x(segment.from_s)},${BAR + GAP}`} />
        <rect class="part" x=${x(segment.known_from_s)} y="0" width=${Math.max(2, x(segment.known_to_s - segment.known_from_s))} height=${BAR} />
        <rect class="part" x=${x(segment.from_s)} y=${BAR + GAP} width=${Math.max(2, x(segment.to_s - segment.from_s))} height=${BAR} />`)}
    </svg>
    <p class="quiet">Above the known video ${name(group.canonical.media_id)} (${clock(known.duration_s)}), below ${name(member.media_id)} (${clock(video.duration_s)}). They share ${percent(match.share, 0)} of it and ${percent(match.known_share, 0)} of the known one.</p>
    ${address ? html`<details class="player"><summary>Play the submitted video from its source</summary><video ref=${player} controls preload="none" src=${address} referrerpolicy="no-referrer"></video></details>` : null}
    <ul class="segments">${match.segments.map((segment) => html`<li>${address ? html`<button type="button" class="small" aria-label=${`Play from ${clock(segment.from_s)}`} onClick=${() => (player.current.closest("details").open = true, play(segment.from_s))}>▶</button> ` : ""}${clock(segment.from_s)}–${clock(segment.to_s)} is ${clock(segment.known_from_s)}–${clock(segment.known_to_s)} of the known video${Math.abs(segment.speed - 1) > 0.01 ? `, at ${segment.speed.toFixed(2)} times its speed` : ""}</li>`)}</ul>
  </section>`;
}

const inWords = (match) => `${match.segments.length} matching parts: ` + match.segments.map((segment) =>
  `${clock(segment.from_s)} to ${clock(segment.to_s)} is ${clock(segment.known_from_s)} to ${clock(segment.known_to_s)} of the known video`).join("; ");
