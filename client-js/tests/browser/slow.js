/**
 * A slow phone on a slow network: what a fan at the edge of a stadium holds in the hand.
 *
 * @import { Page } from 'playwright-core'
 */

/** Half a "Slow 4G" of Chrome's own: round trip, bits per second down and up, and a processor four times slower. */
const RTT_MS = 150;
const DOWN_BITS = 1_600_000;
const UP_BITS = 750_000;
const CPU_RATE = 4;

/** @param {Page} page */
export async function slowDown(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: RTT_MS,
    downloadThroughput: DOWN_BITS / 8,
    uploadThroughput: UP_BITS / 8,
  });
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: CPU_RATE });
  let bytes = 0;
  let requests = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests++;
  });
  return {
    devtools,
    /** Bytes that came over the wire, heads of answers included, and in how many answers. */
    get loaded() {
      return { bytes, requests };
    },
  };
}
