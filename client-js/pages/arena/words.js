/**
 * The few words a wall has, in the languages of the fan page.
 *
 * @typedef {object} WallWords
 * @property {string} rehearsal
 * @property {string} connecting
 * @property {string} soon
 * @property {string} final
 * @property {string} lost
 * @property {string} cheers
 * @property {string} perSecond
 */

const NAMES = /** @type {const} */ (['rehearsal', 'connecting', 'soon', 'final', 'lost', 'cheers', 'perSecond']);

/** @type {{ [language: string]: string }} in the order of NAMES */
const TABLE = {
  en: 'Rehearsal: not a real crowd|Connecting|Opens soon|Final|Signal lost|cheers|cheers a second',
  fr: 'Répétition : pas un vrai public|Connexion|Ouvre bientôt|Résultat final|Signal perdu|encouragements|par seconde',
  es: 'Ensayo: no es público real|Conectando|Abre pronto|Final|Señal perdida|ánimos|ánimos por segundo',
  de: 'Probe: kein echtes Publikum|Verbindung|Beginnt bald|Endstand|Signal verloren|Jubel|Jubel pro Sekunde',
  ja: 'リハーサル：実際の観客ではありません|接続中|まもなく開始|最終結果|信号なし|応援|応援／秒',
  zh: '彩排：并非真实观众|连接中|即将开始|最终结果|信号中断|次助威|每秒助威',
  ar: 'تجربة: ليس جمهورًا حقيقيًا|جارٍ الاتصال|يبدأ قريبًا|النتيجة النهائية|انقطعت الإشارة|هتاف|هتاف في الثانية',
  pt: 'Ensaio: público não real|Conectando|Abre em breve|Final|Sinal perdido|torcidas|torcidas por segundo',
  hi: 'पूर्वाभ्यास: असली दर्शक नहीं|जुड़ रहा है|जल्द शुरू|अंतिम परिणाम|सिग्नल नहीं|चीयर|चीयर प्रति सेकंड',
};

/**
 * @param {string} lang such as `fr-CA`; English where there is none such
 * @returns {WallWords}
 */
export function wallWords(lang) {
  const row = (TABLE[lang.split('-')[0]] ?? TABLE.en).split('|');
  return /** @type {WallWords} */ (Object.fromEntries(NAMES.map((name, at) => [name, row[at]])));
}

/**
 * @param {string} lang
 */
export function wallNumbers(lang) {
  const whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(lang, { notation: 'compact', maximumSignificantDigits: 3 });
  return {
    /** @param {number} count every digit of it */
    exact: (count) => whole.format(count),
    /** @param {number} count a rate: as few figures as forty metres allow */
    brief: (count) => (count < 9_999.5 ? whole.format(count) : short.format(count)),
  };
}
