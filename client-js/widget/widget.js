/**
 * One tag on any page: `<script type="module" src="https://beat.example/widget.js">`, or without `type`.
 *
 * Served at `/widget.js`. A script that is no module can import nothing beforehand, so this file only says where the
 * element is: beside itself, whoever's page it is on.
 */

const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);

// A module has no current script, and is itself what its imports are relative to.
import(script ? new URL('client/widget/element.js?joined', script.src).href : './client/widget/element.js?joined');
