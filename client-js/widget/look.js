/**
 * How the element looks: sizes from 160 px up, light and dark, and what a page may restyle.
 *
 * Custom properties, each with its default: `--beat-accent` (the team's colour) and `--beat-on-accent` (black or white,
 * whichever can be read on it), `--beat-surface`, `--beat-ink`, `--beat-soft`, `--beat-line`, `--beat-radius`, `--beat-font`.
 * Parts: `pad`, `flag`, `name`, `count`, `meter`, `note`, `total`. Light or dark follows the page's own `color-scheme`.
 */

const CSS = `
:host {
  --surface: var(--beat-surface, #ffffff);
  --ink: var(--beat-ink, #14161c);
  --soft: var(--beat-soft, #5a6070);
  --line: var(--beat-line, #c9ccd6);
  --accent: var(--beat-accent, var(--team, #3d4ad1));
  --on-accent: var(--beat-on-accent, var(--on-team, #ffffff));
  display: block;
  min-width: 160px;
  container-type: inline-size;
  font: 400 1rem/1.25 var(--beat-font, system-ui, sans-serif);
  color: var(--ink);
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --surface: var(--beat-surface, light-dark(#ffffff, #171a21));
    --ink: var(--beat-ink, light-dark(#14161c, #f1f2f6));
    --soft: var(--beat-soft, light-dark(#5a6070, #a5abba));
    --line: var(--beat-line, light-dark(#c9ccd6, #3a3f4d));
  }
}
:host([hidden]) { display: none; }
.card {
  display: grid;
  gap: 0.625rem;
  padding: 0.75rem;
  border: 1px solid var(--line);
  border-radius: var(--beat-radius, 1rem);
  background: var(--surface);
}
.pad {
  all: unset;
  box-sizing: border-box;
  display: grid;
  justify-items: center;
  align-content: center;
  gap: 0.125rem;
  min-height: 7rem;
  padding: 0.75rem 0.5rem;
  border-radius: calc(var(--beat-radius, 1rem) * 0.75);
  background: var(--accent);
  color: var(--on-accent);
  text-align: center;
  cursor: pointer;
  touch-action: manipulation;
  user-select: none;
  -webkit-user-select: none;
  -webkit-tap-highlight-color: transparent;
}
.pad:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.pad:active { filter: brightness(0.92); }
.pad[aria-disabled='true'] { background: var(--line); color: var(--ink); cursor: default; filter: none; }
.flag { font-size: 1.75rem; line-height: 1; }
.words i { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.name { font-weight: 650; overflow-wrap: anywhere; }
.count { font-size: 1.5rem; font-weight: 750; font-variant-numeric: tabular-nums; }
.meter { height: 0.5rem; border-radius: 0.25rem; background: var(--line); overflow: hidden; }
.meter i {
  display: block;
  height: 100%;
  border-radius: inherit;
  background: var(--accent);
  box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--ink) 45%, transparent);
  transform: scaleX(var(--fill, 0));
  transform-origin: left;
  transition: transform 0.5s linear;
}
:host(:dir(rtl)) .meter i { transform-origin: right; }
.foot { display: grid; min-height: 1.25em; font-size: 0.8125rem; color: var(--soft); text-align: center; }
.foot p { grid-area: 1 / 1; margin: 0; overflow-wrap: anywhere; }
.note:not(:empty) ~ .total { visibility: hidden; }
@container (min-width: 20rem) {
  .pad { grid-template: 'flag name count' / auto 1fr auto; justify-items: start; align-items: center; gap: 0.75rem; min-height: 4.5rem; padding: 0.75rem 1rem; }
  .words { text-align: start; }
  .name { font-size: 1.125rem; }
  .foot { text-align: start; }
}
@container (min-width: 32rem) {
  .pad { min-height: 7rem; padding: 1rem 1.5rem; }
  .flag { font-size: 3rem; }
  .name { font-size: 1.75rem; }
  .count { font-size: 3rem; }
  .meter { height: 0.75rem; }
  .foot { font-size: 1rem; }
}
@media (prefers-reduced-motion: reduce) {
  .meter i { transition: none; }
}
@media (forced-colors: active) {
  .pad { border: 2px solid ButtonText; }
  .meter i { background: CanvasText; }
}
`;

/** Made by script, so that no page's policy on styles is in its way. */
export function look() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}

/**
 * Black or white, whichever stands out more (WCAG 2.2, relative luminance; the two are even at 0.179).
 *
 * @param {string} color `#rrggbb`
 */
export function inkOn(color) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}
