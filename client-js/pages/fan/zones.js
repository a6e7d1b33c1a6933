/**
 * The country of each time zone: written by `scripts/zones.js` from the IANA time zone database (public domain).
 */

/** A country, then the last part of the name of each of its zones. */
const ZONES =
  'AD,Andorra AE,Dubai AF,Kabul AG,Antigua AL,Tirane AM,Yerevan AO,Luanda ' +
  'AR,Buenos_Aires,Cordoba,Salta,Jujuy,Tucuman,Catamarca,La_Rioja,San_Juan,Mendoza,San_Luis,Rio_Gallegos,Ushuaia ' +
  'AS,Pago_Pago AT,Vienna ' +
  'AU,Lord_Howe,Macquarie,Hobart,Melbourne,Sydney,Broken_Hill,Brisbane,Lindeman,Adelaide,Darwin,Perth,Eucla AW,Aruba ' +
  'AZ,Baku BA,Sarajevo BB,Barbados BD,Dhaka BE,Brussels BF,Ouagadougou BG,Sofia BH,Bahrain BI,Bujumbura BJ,Porto-Novo ' +
  'BM,Bermuda BN,Brunei BO,La_Paz ' +
  'BR,Noronha,Belem,Fortaleza,Recife,Araguaina,Maceio,Bahia,Sao_Paulo,Campo_Grande,Cuiaba,Santarem,Porto_Velho,Boa_Vista,Manaus,Eirunepe,Rio_Branco ' +
  'BS,Nassau BT,Thimphu BW,Gaborone BY,Minsk BZ,Belize ' +
  'CA,St_Johns,Halifax,Glace_Bay,Moncton,Goose_Bay,Blanc-Sablon,Toronto,Iqaluit,Atikokan,Winnipeg,Resolute,Rankin_Inlet,Regina,Swift_Current,Edmonton,Cambridge_Bay,Inuvik,Creston,Dawson_Creek,Fort_Nelson,Whitehorse,Dawson,Vancouver ' +
  'CD,Kinshasa,Lubumbashi CF,Bangui CG,Brazzaville CH,Zurich CI,Abidjan CK,Rarotonga ' +
  'CL,Santiago,Coyhaique,Punta_Arenas,Easter CM,Douala CN,Shanghai,Urumqi CO,Bogota CR,Costa_Rica CU,Havana ' +
  'CV,Cape_Verde CY,Nicosia,Famagusta CZ,Prague DE,Berlin,Busingen DJ,Djibouti DK,Copenhagen DM,Dominica ' +
  'DO,Santo_Domingo DZ,Algiers EC,Guayaquil,Galapagos EE,Tallinn EG,Cairo ER,Asmara ES,Madrid,Ceuta,Canary ' +
  'ET,Addis_Ababa FI,Helsinki FJ,Fiji FM,Chuuk,Pohnpei,Kosrae FR,Paris GA,Libreville GB,London GD,Grenada GE,Tbilisi ' +
  'GH,Accra GM,Banjul GN,Conakry GQ,Malabo GR,Athens GT,Guatemala GU,Guam GW,Bissau GY,Guyana HK,Hong_Kong ' +
  'HN,Tegucigalpa HR,Zagreb HT,Port-au-Prince HU,Budapest ID,Jakarta,Pontianak,Makassar,Jayapura IE,Dublin ' +
  'IL,Jerusalem IN,Kolkata,Calcutta IQ,Baghdad IR,Tehran IS,Reykjavik IT,Rome JM,Jamaica JO,Amman JP,Tokyo ' +
  'KE,Nairobi,Asmera KG,Bishkek KH,Phnom_Penh KI,Tarawa,Kanton,Kiritimati,Enderbury KM,Comoro KN,St_Kitts ' +
  'KP,Pyongyang KR,Seoul KW,Kuwait KY,Cayman KZ,Almaty,Qyzylorda,Qostanay,Aqtobe,Aqtau,Atyrau,Oral LA,Vientiane ' +
  'LB,Beirut LC,St_Lucia LI,Vaduz LK,Colombo LR,Monrovia LS,Maseru LT,Vilnius LU,Luxembourg LV,Riga LY,Tripoli ' +
  'MA,Casablanca MC,Monaco MD,Chisinau ME,Podgorica MG,Antananarivo MH,Majuro,Kwajalein MK,Skopje ML,Bamako ' +
  'MM,Yangon,Rangoon MN,Ulaanbaatar,Hovd MR,Nouakchott MT,Malta MU,Mauritius MV,Maldives MW,Blantyre ' +
  'MX,Mexico_City,Cancun,Merida,Monterrey,Matamoros,Chihuahua,Ciudad_Juarez,Ojinaga,Mazatlan,Bahia_Banderas,Hermosillo,Tijuana ' +
  'MY,Kuala_Lumpur,Kuching MZ,Maputo NA,Windhoek NE,Niamey NG,Lagos NI,Managua NL,Amsterdam NO,Oslo ' +
  'NP,Kathmandu,Katmandu NR,Nauru NZ,Auckland,Chatham OM,Muscat PA,Panama PE,Lima PG,Port_Moresby,Bougainville,Truk ' +
  'PH,Manila PK,Karachi PL,Warsaw PR,Puerto_Rico PS,Gaza,Hebron PT,Lisbon,Madeira,Azores PW,Palau PY,Asuncion ' +
  'QA,Qatar RO,Bucharest RS,Belgrade ' +
  'RU,Kaliningrad,Moscow,Kirov,Volgograd,Astrakhan,Saratov,Ulyanovsk,Samara,Yekaterinburg,Omsk,Novosibirsk,Barnaul,Tomsk,Novokuznetsk,Krasnoyarsk,Irkutsk,Chita,Yakutsk,Khandyga,Vladivostok,Ust-Nera,Magadan,Sakhalin,Srednekolymsk,Kamchatka,Anadyr ' +
  'RW,Kigali SA,Riyadh SB,Guadalcanal,Ponape SC,Mahe SD,Khartoum SE,Stockholm SG,Singapore SI,Ljubljana SK,Bratislava ' +
  'SL,Freetown SM,San_Marino SN,Dakar SO,Mogadishu SR,Paramaribo SS,Juba ST,Sao_Tome SV,El_Salvador SY,Damascus ' +
  'SZ,Mbabane TD,Ndjamena TG,Lome TH,Bangkok TJ,Dushanbe TL,Dili TM,Ashgabat TN,Tunis TO,Tongatapu TR,Istanbul ' +
  'TT,Port_of_Spain TV,Funafuti TW,Taipei TZ,Dar_es_Salaam UA,Simferopol,Kyiv,Kiev UG,Kampala ' +
  'US,New_York,Detroit,Louisville,Monticello,Indianapolis,Vincennes,Winamac,Marengo,Petersburg,Vevay,Chicago,Tell_City,Knox,Menominee,Center,New_Salem,Beulah,Denver,Boise,Phoenix,Los_Angeles,Anchorage,Juneau,Sitka,Metlakatla,Yakutat,Nome,Adak,Honolulu ' +
  'UY,Montevideo UZ,Samarkand,Tashkent VC,St_Vincent VE,Caracas VG,Tortola VI,St_Thomas VN,Ho_Chi_Minh,Saigon ' +
  'VU,Efate WS,Apia YE,Aden ZA,Johannesburg ZM,Lusaka ZW,Harare ';

/**
 * @param {string | undefined} zone such as `Asia/Tokyo`
 * @returns {string | undefined} ISO 3166-1 alpha-2
 */
export function countryOfZone(zone) {
  const city = zone?.slice(zone.lastIndexOf('/') + 1);
  if (!zone?.includes('/') || zone.startsWith('Etc/')) return undefined;
  return ZONES.split(' ').find((country) => country.split(',').indexOf(city ?? '') > 0)?.slice(0, 2);
}
