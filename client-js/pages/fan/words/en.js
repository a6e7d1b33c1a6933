/** The fan page in English. Every language has the same keys; a test holds them together. */
export const words = {
  // The button
  tap: 'Tap to cheer',
  hold: 'Tap or hold to cheer',
  choose: 'Choose your team',
  // The own team
  change: 'Change team',
  rank: 'Rank',
  place: '#{n}',
  now: 'Now',
  perSecond: '{n}/s',
  cheers: 'Cheers',
  // Everybody
  world: 'The world',
  top: 'Top teams',
  map: 'Map',
  mapLabel: 'World map: the louder a team, the larger its bubble',
  // The connection, in a word
  connecting: 'Connecting',
  live: 'Live',
  held: 'No signal',
  offline: 'Offline',
  busy: 'Busy',
  early: 'Not open yet',
  ended: 'Ended',
  closed: 'Stopped',
  // Before
  opensIn: 'Opens in',
  opensSoon: 'Opens soon',
  ready: 'Get your thumb ready',
  // Without a network
  kept: 'Keep cheering: every tap is kept and counted when you are back',
  waiting: { one: '{n} cheer waits for the network', other: '{n} cheers wait for the network' },
  catchingUp: { one: 'Sending {n} cheer', other: 'Sending {n} cheers' },
  noAnswer: 'No connection yet. Trying again.',
  // Too many at once
  full: 'So many fans! Your taps are kept.',
  retryIn: 'Next try in {time}',
  // After
  over: 'The cheering has ended',
  gave: { one: 'You gave {n} cheer', other: 'You gave {n} cheers' },
  thanks: 'Thank you!',
  finalRank: 'Final rank',
  // It cannot go on here
  taken: 'You are cheering in another tab',
  here: 'Cheer here',
  ticket: 'Your ticket is not valid',
  ticketHint: 'Ask for a new link and open this page with it.',
  refused: 'Cheering is not allowed from here',
  refusedHint: 'Open this page at its own address.',
  missing: 'There is no such event',
  missingHint: 'Check the link you followed.',
  outdated: 'This page is out of date',
  reload: 'Reload',
  only: 'Your ticket is for {team} only.',
  tooMany: { one: 'You can cheer for {n} team only.', other: 'You can cheer for {n} teams at most.' },
  // Finding a team
  find: 'Find your team',
  noneFound: 'No team found',
  close: 'Close',
  // Settings
  settings: 'Settings',
  sound: 'Sound',
  vibration: 'Vibration',
  holding: 'Hold to cheer',
  holdingHint: 'Keep the button or a key pressed instead of tapping',
  language: 'Language',
  // A crowd that is none
  rehearsal: 'Rehearsal: not a real crowd',
  // Read out every quarter of a minute
  summary: '{team}: rank {rank}, {rate} cheers per second. You: {own}. World: {world}.',
};
