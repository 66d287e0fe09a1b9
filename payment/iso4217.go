package payment

// digits is what the table holds: one more than the number of decimal digits, so that zero is "no such currency".
const (
	digits0 = iota + 1
	_
	digits2
	digits3
	digits4
)

// aaa takes the packed letters AAA to the Currency 1.
const aaa = ('A'*26+'A')*26 + 'A' - 1

// iso4217 is indexed by Currency. It holds the active list of ISO 4217, and the codes withdrawn since 2020, since
// history has payments in them. Codes without a minor unit are left out: metals (XAU), bond units (XBA), accounting
// units (XAD, XDR, XSU, XUA), testing (XTS) and none (XXX).
var iso4217 = [26*26*26 + 1]uint8{
	('A'*26+'E')*26 + 'D' - aaa: digits2, // AED: UAE dirham
	('A'*26+'F')*26 + 'N' - aaa: digits2, // AFN: Afghani
	('A'*26+'L')*26 + 'L' - aaa: digits2, // ALL: Lek
	('A'*26+'M')*26 + 'D' - aaa: digits2, // AMD: Armenian dram
	('A'*26+'O')*26 + 'A' - aaa: digits2, // AOA: Kwanza
	('A'*26+'R')*26 + 'S' - aaa: digits2, // ARS: Argentine peso
	('A'*26+'U')*26 + 'D' - aaa: digits2, // AUD: Australian dollar
	('A'*26+'W')*26 + 'G' - aaa: digits2, // AWG: Aruban florin
	('A'*26+'Z')*26 + 'N' - aaa: digits2, // AZN: Azerbaijan manat
	('B'*26+'A')*26 + 'M' - aaa: digits2, // BAM: Convertible mark
	('B'*26+'B')*26 + 'D' - aaa: digits2, // BBD: Barbados dollar
	('B'*26+'D')*26 + 'T' - aaa: digits2, // BDT: Taka
	('B'*26+'H')*26 + 'D' - aaa: digits3, // BHD: Bahraini dinar
	('B'*26+'I')*26 + 'F' - aaa: digits0, // BIF: Burundi franc
	('B'*26+'M')*26 + 'D' - aaa: digits2, // BMD: Bermudian dollar
	('B'*26+'N')*26 + 'D' - aaa: digits2, // BND: Brunei dollar
	('B'*26+'O')*26 + 'B' - aaa: digits2, // BOB: Boliviano
	('B'*26+'O')*26 + 'V' - aaa: digits2, // BOV: Mvdol
	('B'*26+'R')*26 + 'L' - aaa: digits2, // BRL: Brazilian real
	('B'*26+'S')*26 + 'D' - aaa: digits2, // BSD: Bahamian dollar
	('B'*26+'T')*26 + 'N' - aaa: digits2, // BTN: Ngultrum
	('B'*26+'W')*26 + 'P' - aaa: digits2, // BWP: Pula
	('B'*26+'Y')*26 + 'N' - aaa: digits2, // BYN: Belarusian ruble
	('B'*26+'Z')*26 + 'D' - aaa: digits2, // BZD: Belize dollar
	('C'*26+'A')*26 + 'D' - aaa: digits2, // CAD: Canadian dollar
	('C'*26+'D')*26 + 'F' - aaa: digits2, // CDF: Congolese franc
	('C'*26+'H')*26 + 'E' - aaa: digits2, // CHE: WIR euro
	('C'*26+'H')*26 + 'F' - aaa: digits2, // CHF: Swiss franc
	('C'*26+'H')*26 + 'W' - aaa: digits2, // CHW: WIR franc
	('C'*26+'L')*26 + 'F' - aaa: digits4, // CLF: Unidad de fomento
	('C'*26+'L')*26 + 'P' - aaa: digits0, // CLP: Chilean peso
	('C'*26+'N')*26 + 'Y' - aaa: digits2, // CNY: Yuan renminbi
	('C'*26+'O')*26 + 'P' - aaa: digits2, // COP: Colombian peso
	('C'*26+'O')*26 + 'U' - aaa: digits2, // COU: Unidad de valor real
	('C'*26+'R')*26 + 'C' - aaa: digits2, // CRC: Costa Rican colon
	('C'*26+'U')*26 + 'P' - aaa: digits2, // CUP: Cuban peso
	('C'*26+'V')*26 + 'E' - aaa: digits2, // CVE: Cabo Verde escudo
	('C'*26+'Z')*26 + 'K' - aaa: digits2, // CZK: Czech koruna
	('D'*26+'J')*26 + 'F' - aaa: digits0, // DJF: Djibouti franc
	('D'*26+'K')*26 + 'K' - aaa: digits2, // DKK: Danish krone
	('D'*26+'O')*26 + 'P' - aaa: digits2, // DOP: Dominican peso
	('D'*26+'Z')*26 + 'D' - aaa: digits2, // DZD: Algerian dinar
	('E'*26+'G')*26 + 'P' - aaa: digits2, // EGP: Egyptian pound
	('E'*26+'R')*26 + 'N' - aaa: digits2, // ERN: Nakfa
	('E'*26+'T')*26 + 'B' - aaa: digits2, // ETB: Ethiopian birr
	('E'*26+'U')*26 + 'R' - aaa: digits2, // EUR: Euro
	('F'*26+'J')*26 + 'D' - aaa: digits2, // FJD: Fiji dollar
	('F'*26+'K')*26 + 'P' - aaa: digits2, // FKP: Falkland Islands pound
	('G'*26+'B')*26 + 'P' - aaa: digits2, // GBP: Pound sterling
	('G'*26+'E')*26 + 'L' - aaa: digits2, // GEL: Lari
	('G'*26+'H')*26 + 'S' - aaa: digits2, // GHS: Ghana cedi
	('G'*26+'I')*26 + 'P' - aaa: digits2, // GIP: Gibraltar pound
	('G'*26+'M')*26 + 'D' - aaa: digits2, // GMD: Dalasi
	('G'*26+'N')*26 + 'F' - aaa: digits0, // GNF: Guinean franc
	('G'*26+'T')*26 + 'Q' - aaa: digits2, // GTQ: Quetzal
	('G'*26+'Y')*26 + 'D' - aaa: digits2, // GYD: Guyana dollar
	('H'*26+'K')*26 + 'D' - aaa: digits2, // HKD: Hong Kong dollar
	('H'*26+'N')*26 + 'L' - aaa: digits2, // HNL: Lempira
	('H'*26+'T')*26 + 'G' - aaa: digits2, // HTG: Gourde
	('H'*26+'U')*26 + 'F' - aaa: digits2, // HUF: Forint
	('I'*26+'D')*26 + 'R' - aaa: digits2, // IDR: Rupiah
	('I'*26+'L')*26 + 'S' - aaa: digits2, // ILS: New Israeli sheqel
	('I'*26+'N')*26 + 'R' - aaa: digits2, // INR: Indian rupee
	('I'*26+'Q')*26 + 'D' - aaa: digits3, // IQD: Iraqi dinar
	('I'*26+'R')*26 + 'R' - aaa: digits2, // IRR: Iranian rial
	('I'*26+'S')*26 + 'K' - aaa: digits0, // ISK: Iceland krona
	('J'*26+'M')*26 + 'D' - aaa: digits2, // JMD: Jamaican dollar
	('J'*26+'O')*26 + 'D' - aaa: digits3, // JOD: Jordanian dinar
	('J'*26+'P')*26 + 'Y' - aaa: digits0, // JPY: Yen
	('K'*26+'E')*26 + 'S' - aaa: digits2, // KES: Kenyan shilling
	('K'*26+'G')*26 + 'S' - aaa: digits2, // KGS: Som
	('K'*26+'H')*26 + 'R' - aaa: digits2, // KHR: Riel
	('K'*26+'M')*26 + 'F' - aaa: digits0, // KMF: Comorian franc
	('K'*26+'P')*26 + 'W' - aaa: digits2, // KPW: North Korean won
	('K'*26+'R')*26 + 'W' - aaa: digits0, // KRW: Won
	('K'*26+'W')*26 + 'D' - aaa: digits3, // KWD: Kuwaiti dinar
	('K'*26+'Y')*26 + 'D' - aaa: digits2, // KYD: Cayman Islands dollar
	('K'*26+'Z')*26 + 'T' - aaa: digits2, // KZT: Tenge
	('L'*26+'A')*26 + 'K' - aaa: digits2, // LAK: Lao kip
	('L'*26+'B')*26 + 'P' - aaa: digits2, // LBP: Lebanese pound
	('L'*26+'K')*26 + 'R' - aaa: digits2, // LKR: Sri Lanka rupee
	('L'*26+'R')*26 + 'D' - aaa: digits2, // LRD: Liberian dollar
	('L'*26+'S')*26 + 'L' - aaa: digits2, // LSL: Loti
	('L'*26+'Y')*26 + 'D' - aaa: digits3, // LYD: Libyan dinar
	('M'*26+'A')*26 + 'D' - aaa: digits2, // MAD: Moroccan dirham
	('M'*26+'D')*26 + 'L' - aaa: digits2, // MDL: Moldovan leu
	('M'*26+'G')*26 + 'A' - aaa: digits2, // MGA: Malagasy ariary
	('M'*26+'K')*26 + 'D' - aaa: digits2, // MKD: Denar
	('M'*26+'M')*26 + 'K' - aaa: digits2, // MMK: Kyat
	('M'*26+'N')*26 + 'T' - aaa: digits2, // MNT: Tugrik
	('M'*26+'O')*26 + 'P' - aaa: digits2, // MOP: Pataca
	('M'*26+'R')*26 + 'U' - aaa: digits2, // MRU: Ouguiya
	('M'*26+'U')*26 + 'R' - aaa: digits2, // MUR: Mauritius rupee
	('M'*26+'V')*26 + 'R' - aaa: digits2, // MVR: Rufiyaa
	('M'*26+'W')*26 + 'K' - aaa: digits2, // MWK: Malawi kwacha
	('M'*26+'X')*26 + 'N' - aaa: digits2, // MXN: Mexican peso
	('M'*26+'X')*26 + 'V' - aaa: digits2, // MXV: Mexican unidad de inversion
	('M'*26+'Y')*26 + 'R' - aaa: digits2, // MYR: Malaysian ringgit
	('M'*26+'Z')*26 + 'N' - aaa: digits2, // MZN: Mozambique metical
	('N'*26+'A')*26 + 'D' - aaa: digits2, // NAD: Namibia dollar
	('N'*26+'G')*26 + 'N' - aaa: digits2, // NGN: Naira
	('N'*26+'I')*26 + 'O' - aaa: digits2, // NIO: Cordoba oro
	('N'*26+'O')*26 + 'K' - aaa: digits2, // NOK: Norwegian krone
	('N'*26+'P')*26 + 'R' - aaa: digits2, // NPR: Nepalese rupee
	('N'*26+'Z')*26 + 'D' - aaa: digits2, // NZD: New Zealand dollar
	('O'*26+'M')*26 + 'R' - aaa: digits3, // OMR: Rial Omani
	('P'*26+'A')*26 + 'B' - aaa: digits2, // PAB: Balboa
	('P'*26+'E')*26 + 'N' - aaa: digits2, // PEN: Sol
	('P'*26+'G')*26 + 'K' - aaa: digits2, // PGK: Kina
	('P'*26+'H')*26 + 'P' - aaa: digits2, // PHP: Philippine peso
	('P'*26+'K')*26 + 'R' - aaa: digits2, // PKR: Pakistan rupee
	('P'*26+'L')*26 + 'N' - aaa: digits2, // PLN: Zloty
	('P'*26+'Y')*26 + 'G' - aaa: digits0, // PYG: Guarani
	('Q'*26+'A')*26 + 'R' - aaa: digits2, // QAR: Qatari rial
	('R'*26+'O')*26 + 'N' - aaa: digits2, // RON: Romanian leu
	('R'*26+'S')*26 + 'D' - aaa: digits2, // RSD: Serbian dinar
	('R'*26+'U')*26 + 'B' - aaa: digits2, // RUB: Russian ruble
	('R'*26+'W')*26 + 'F' - aaa: digits0, // RWF: Rwanda franc
	('S'*26+'A')*26 + 'R' - aaa: digits2, // SAR: Saudi riyal
	('S'*26+'B')*26 + 'D' - aaa: digits2, // SBD: Solomon Islands dollar
	('S'*26+'C')*26 + 'R' - aaa: digits2, // SCR: Seychelles rupee
	('S'*26+'D')*26 + 'G' - aaa: digits2, // SDG: Sudanese pound
	('S'*26+'E')*26 + 'K' - aaa: digits2, // SEK: Swedish krona
	('S'*26+'G')*26 + 'D' - aaa: digits2, // SGD: Singapore dollar
	('S'*26+'H')*26 + 'P' - aaa: digits2, // SHP: Saint Helena pound
	('S'*26+'L')*26 + 'E' - aaa: digits2, // SLE: Leone
	('S'*26+'O')*26 + 'S' - aaa: digits2, // SOS: Somali shilling
	('S'*26+'R')*26 + 'D' - aaa: digits2, // SRD: Surinam dollar
	('S'*26+'S')*26 + 'P' - aaa: digits2, // SSP: South Sudanese pound
	('S'*26+'T')*26 + 'N' - aaa: digits2, // STN: Dobra
	('S'*26+'V')*26 + 'C' - aaa: digits2, // SVC: El Salvador colon
	('S'*26+'Y')*26 + 'P' - aaa: digits2, // SYP: Syrian pound
	('S'*26+'Z')*26 + 'L' - aaa: digits2, // SZL: Lilangeni
	('T'*26+'H')*26 + 'B' - aaa: digits2, // THB: Baht
	('T'*26+'J')*26 + 'S' - aaa: digits2, // TJS: Somoni
	('T'*26+'M')*26 + 'T' - aaa: digits2, // TMT: Turkmenistan new manat
	('T'*26+'N')*26 + 'D' - aaa: digits3, // TND: Tunisian dinar
	('T'*26+'O')*26 + 'P' - aaa: digits2, // TOP: Pa'anga
	('T'*26+'R')*26 + 'Y' - aaa: digits2, // TRY: Turkish lira
	('T'*26+'T')*26 + 'D' - aaa: digits2, // TTD: Trinidad and Tobago dollar
	('T'*26+'W')*26 + 'D' - aaa: digits2, // TWD: New Taiwan dollar
	('T'*26+'Z')*26 + 'S' - aaa: digits2, // TZS: Tanzanian shilling
	('U'*26+'A')*26 + 'H' - aaa: digits2, // UAH: Hryvnia
	('U'*26+'G')*26 + 'X' - aaa: digits0, // UGX: Uganda shilling
	('U'*26+'S')*26 + 'D' - aaa: digits2, // USD: US dollar
	('U'*26+'S')*26 + 'N' - aaa: digits2, // USN: US dollar (next day)
	('U'*26+'Y')*26 + 'I' - aaa: digits0, // UYI: Uruguay peso en unidades indexadas
	('U'*26+'Y')*26 + 'U' - aaa: digits2, // UYU: Peso uruguayo
	('U'*26+'Y')*26 + 'W' - aaa: digits4, // UYW: Unidad previsional
	('U'*26+'Z')*26 + 'S' - aaa: digits2, // UZS: Uzbekistan sum
	('V'*26+'E')*26 + 'D' - aaa: digits2, // VED: Bolivar digital
	('V'*26+'E')*26 + 'S' - aaa: digits2, // VES: Bolivar soberano
	('V'*26+'N')*26 + 'D' - aaa: digits0, // VND: Dong
	('V'*26+'U')*26 + 'V' - aaa: digits0, // VUV: Vatu
	('W'*26+'S')*26 + 'T' - aaa: digits2, // WST: Tala
	('X'*26+'A')*26 + 'F' - aaa: digits0, // XAF: CFA franc BEAC
	('X'*26+'C')*26 + 'D' - aaa: digits2, // XCD: East Caribbean dollar
	('X'*26+'C')*26 + 'G' - aaa: digits2, // XCG: Caribbean guilder
	('X'*26+'O')*26 + 'F' - aaa: digits0, // XOF: CFA franc BCEAO
	('X'*26+'P')*26 + 'F' - aaa: digits0, // XPF: CFP franc
	('Y'*26+'E')*26 + 'R' - aaa: digits2, // YER: Yemeni rial
	('Z'*26+'A')*26 + 'R' - aaa: digits2, // ZAR: Rand
	('Z'*26+'M')*26 + 'W' - aaa: digits2, // ZMW: Zambian kwacha
	('Z'*26+'W')*26 + 'G' - aaa: digits2, // ZWG: Zimbabwe gold

	// Withdrawn since 2020.
	('A'*26+'N')*26 + 'G' - aaa: digits2, // ANG: Netherlands Antillean guilder, until 2025
	('B'*26+'G')*26 + 'N' - aaa: digits2, // BGN: Bulgarian lev, until 2026
	('C'*26+'U')*26 + 'C' - aaa: digits2, // CUC: Peso convertible, until 2021
	('H'*26+'R')*26 + 'K' - aaa: digits2, // HRK: Kuna, until 2023
	('S'*26+'L')*26 + 'L' - aaa: digits2, // SLL: Leone, until 2024
	('Z'*26+'W')*26 + 'L' - aaa: digits2, // ZWL: Zimbabwe dollar, until 2024
}
