import { expect, test } from 'vitest';

import { Glide } from '../src/index.js';
import { seeded } from './support/world.js';

const SPAN_MS = 100;

/** Two values that have stood at 0 and 10, and are on their way to 10 and 0 since the time 1,000. */
function underWay() {
  const glide = new Glide(SPAN_MS);
  glide.toward([0, 10], 0);
  glide.toward([10, 0], 1_000);
  return glide;
}

test('values go on a straight line to the news, and stay there', () => {
  const glide = underWay();
  expect([1_000, 1_025, 1_050, 1_100, 9_000].map((now_ms) => [...glide.at(now_ms)])).toEqual([
    [0, 10],
    [2.5, 7.5],
    [5, 5],
    [10, 0],
    [10, 0],
  ]);
});

test('news on the way turn a value where it stands: it never jumps', () => {
  const glide = underWay();
  glide.toward([20, 5], 1_050);
  expect([...glide.at(1_050)]).toEqual([5, 5]);
  expect([...glide.at(1_100)]).toEqual([12.5, 5]);
});

test('no value ever leaves the room between where it stood and the news', () => {
  const random = seeded(7);
  const glide = new Glide(SPAN_MS);
  glide.toward([random() * 255], 0);
  for (let now_ms = 0, news = 0; news < 500; news++) {
    const stood = glide.at(now_ms)[0];
    const wanted = Math.fround(random() * 255);
    glide.toward([wanted], now_ms);
    for (let frame = 0; frame < 5; frame++) {
      const value = glide.at((now_ms += random() * 40))[0];
      expect(value).toBeGreaterThanOrEqual(Math.min(stood, wanted));
      expect(value).toBeLessThanOrEqual(Math.max(stood, wanted));
    }
  }
});

test('a clock that goes back a little shows nothing from before the news', () => {
  expect([...underWay().at(990)]).toEqual([0, 10]);
});

test('more values than before: the known ones glide on, the new ones are there', () => {
  const glide = underWay();
  glide.toward([10, 0, 7], 1_050);
  expect([...glide.at(1_050)]).toEqual([5, 5, 7]);
  expect([...glide.at(1_150)]).toEqual([10, 0, 7]);
});

test('a frame costs no memory: the array is the same each time', () => {
  const glide = underWay();
  expect(glide.at(1_010)).toBe(glide.at(1_020));
});

test('the news are copied: what becomes of them later changes nothing', () => {
  const glide = new Glide(SPAN_MS);
  const news = Uint8Array.of(3);
  glide.toward(news, 0);
  news[0] = 200;
  expect(glide.at(0)[0]).toBe(3);
});
