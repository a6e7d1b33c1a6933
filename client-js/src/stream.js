/**
 * Server-sent events in the shape of a socket, for networks that let no WebSocket through.
 *
 * Does not come back by itself, as an `EventSource` would: whoever holds it decides that.
 *
 * @import { Socket } from './world.js'
 *
 * @typedef {object} Stream the part of an `EventSource` that is used
 * @property {((event: any) => void) | null} onmessage with `data`
 * @property {((event: any) => void) | null} onerror
 * @property {() => void} close
 */

const ABNORMAL = 1006;

/** @type {((url: string) => Stream) | null} null where there are none, as in Node */
export const browserStream = typeof EventSource === 'undefined' ? null : (url) => new EventSource(url);

/**
 * @param {Stream} stream
 * @returns {Socket}
 */
export function socketOf(stream) {
  /** @type {Socket} */
  const socket = {
    binaryType: '',
    bufferedAmount: 0,
    onmessage: null,
    onclose: null,
    send() {},
    close: () => stream.close(),
  };
  stream.onmessage = (event) => socket.onmessage?.(event);
  stream.onerror = () => {
    stream.close();
    socket.onclose?.({ code: ABNORMAL, reason: 'the stream broke' });
  };
  return socket;
}
