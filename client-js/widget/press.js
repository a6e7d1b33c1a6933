/**
 * What counts as one press of a button in the midst of somebody's page.
 *
 * A finger counts when it is lifted: one that begins to scroll the page on the button was no cheer. A key counts when it
 * goes down, and not again while it is held. A click without either (a switch, a screen reader) counts as well. So every way
 * to press weighs the same.
 */

const KEYS = ['Enter', ' '];

/**
 * @param {HTMLElement} button
 * @param {() => void} onPress
 */
export function press(button, onPress) {
  /** @type {Set<number>} fingers that are down */
  const down = new Set();
  button.addEventListener('pointerdown', ({ pointerId, button: which }) => void (which === 0 && down.add(pointerId)));
  button.addEventListener('pointercancel', ({ pointerId }) => void down.delete(pointerId));
  button.addEventListener('pointerup', ({ pointerId }) => void (down.delete(pointerId) && onPress()));
  button.addEventListener('pointerleave', ({ pointerId }) => void down.delete(pointerId));
  for (const type of /** @type {const} */ (['keydown', 'keyup'])) {
    button.addEventListener(type, (event) => {
      if (!KEYS.includes(event.key)) return;
      // Or the browser makes a click of it.
      event.preventDefault();
      if (type === 'keydown' && !event.repeat) onPress();
    });
  }
  // A pointer's own click says how often; one that no pointer made says 0.
  button.addEventListener('click', ({ detail }) => void (detail === 0 && onPress()));
}
