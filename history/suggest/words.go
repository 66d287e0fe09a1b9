package suggest

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/weir-fraud/weir/payment"
)

// name is a column's name taken apart.
type name struct {
	words  []string // in lower case and without accents
	joined string   // the same without anything between them
}

// nameOf takes apart TX_AMOUNT, txAmount, "Tx Amount (EUR)" and the like.
func nameOf(text string) name {
	var n name
	var word []rune
	end := func() {
		if len(word) > 0 {
			n.words = append(n.words, string(word))
			n.joined += string(word)
			word = nil
		}
	}
	runes := []rune(norm.NFD.String(strings.ReplaceAll(text, "ß", "ss")))
	for i, r := range runes {
		switch {
		case unicode.Is(unicode.Mn, r):
			continue // an accent
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			end()
			continue
		case i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(runes[i-1]),
			i > 0 && unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]),
			i > 0 && unicode.IsDigit(r) != unicode.IsDigit(runes[i-1]):
			end()
		}
		word = append(word, unicode.ToLower(r))
	}
	end()
	return n
}

// has reports whether the name has one of the words. Those of four letters and more may be part of a longer one, as
// names are written in one word in many languages and by many people, unless they begin with =, as =count of account.
func (n name) has(words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		whole, alone := strings.CutPrefix(w, "=")
		return slices.Contains(n.words, whole) || !alone && len(w) >= 4 && strings.Contains(n.joined, w)
	})
}

// key is the name as the key of an attribute, of which a few bytes are left to tell it from others.
func (n name) key() string {
	key := []rune(strings.Join(n.words, "_"))
	for len(string(key)) > payment.MaxKeyBytes-4 {
		key = key[:len(key)-1]
	}
	return string(key)
}

// lexicon is what the names of a field's columns say in the data of the world.
type lexicon struct {
	exact   []string // the whole name, in the data of somebody well known
	strong  []string // the field is meant
	weak    []string // more likely so
	against []string // something else is meant that has the same words
}

// score says how well a name fits: above 0 it does.
func (l *lexicon) score(n name) int {
	if slices.Contains(l.exact, n.joined) {
		return 9
	}
	score := 0
	if n.has(l.strong...) {
		score += 3
	}
	if n.has(l.weak...) {
		score++
	}
	if n.has(l.against...) {
		score -= 5
	}
	return score
}

func list(words string) []string { return strings.Fields(words) }

// lexicons are those of all fields.
type lexicons struct {
	id, account, time, amount, currency, kind, merchant, category, latitude, longitude, label, pattern lexicon

	fraud, leak, atMerchant, atHome, personal, entity, clock []string
}

func newLexicons() *lexicons {
	return &lexicons{
		id: lexicon{
			strong:  list("id uuid guid ref reference referenz key txn transaction trans tx trx transaktion vorgang beleg buchungsnummer rrn arn utr stan operation =order"),
			weak:    list("id uuid num number nr no nummer numero key ref code"),
			against: list("account acct customer cust client card user merchant shop store device terminal session category zip pan iban mcc bin phone ip konto kunde karte haendler handler amount =date =time type status currency parent batch"),
		},
		account: lexicon{
			exact:   list("nameorig ccnum accountid customerid cardid accountnumber cardnumber"),
			strong:  list("account acct acc customer cust client card cc pan iban user konto kunde kunden karte compte cuenta cliente cartao =conta cardholder payer holder nameorig originator sender remitter wallet member debtor buyer msisdn carte tarjeta titular auftraggeber"),
			weak:    list("id num number nr no nummer numero hash token key orig ref"),
			against: list("balance saldo age country =city =state zip plz merchant dest receiver beneficiary email mail phone gender created opened since limit present brand network expiry expiration job birth dob lat =long latitude longitude status level segment type name vorname nachname first =last street address amount =date =time currency issuer bank terminal device fraud tenure score =count entry =mode service"),
		},
		time: lexicon{
			strong:  list("timestamp datetime time date ts datum zeit when fecha hora zeitpunkt heure moment uhrzeit =data dt"),
			weak:    list("at on created occurred event trans transaction tx txn purchase auth buchung booked local utc start unix epoch"),
			against: list("birth dob expir exp valid =open opened signup register joined prev previous =last update updated settle settlement settled posted value valuta wertstellung duration zone delta since first chargeback reported dispute refund"),
		},
		amount: lexicon{
			exact:   list("amount amt transactionamount transactionamt txamount"),
			strong:  list("amount amt betrag montant importe umsatz summe monto valor importo bedrag kwota"),
			weak:    list("value total price sum paid charge cost gross net spend spent wert preis prix precio eur usd gbp chf"),
			against: list("balance saldo old new fee tax vat limit avg average mean max min =count =rate exchange zip lat =long id discount tip cashback points quantity qty age score original"),
		},
		currency: lexicon{
			strong:  list("currency curr ccy cur waehrung wahrung devise moneda divisa valuta moeda"),
			weak:    list("iso code"),
			against: list("=rate amount country"),
		},
		kind: lexicon{
			strong:  list("type typ kind art operation direction direccion dc drcr debit credit soll haben"),
			weak:    list("transaction trans tx txn tran buchung payment transaktion"),
			against: list("card account acct device merchant product fraud customer network currency auth label entry =mode shop amount balance category kategorie scam store terminal user"),
		},
		merchant: lexicon{
			exact:   list("namedest merchant merchantname"),
			strong:  list("merchant merch mrch mrc shop store vendor retailer payee seller term establishment estabelecimento establecimiento etablissement haendler handler geschaft laden commerce comercio commercant marchand negozio esercente terminal outlet namedest beneficiary counterparty empfanger recipient biller acceptor winkel loja"),
			weak:    list("name title label"),
			against: list("category cat mcc kategorie =city =state country zip lat =long lon latitude longitude type typ balance group sector risk tenure fraud =count score code ort plz stadt =land region"),
		},
		category: lexicon{
			strong:  list("category mcc cat kategorie categorie categoria sector branche sektor rubrik warengruppe"),
			weak:    list("merchant shop store code product"),
			against: list("customer age country device fraud scam user account"),
		},
		latitude:  lexicon{strong: list("latitude lat breite breitengrad latitud")},
		longitude: lexicon{strong: list("longitude =long lon lng laenge lange langengrad longitud")},
		label: lexicon{
			exact:   list("isfraud fraud fraudlabel txfraud"),
			strong:  list("fraud isfraud label class target chargeback chargedback cb scam betrug fraude frode fraudulent"),
			weak:    list("is flag flag confirmed status y outcome"),
			against: list("type typ kind scenario pattern reason score prob probability risk pred predicted rule =date =time amount category art modus flagged suspected id"),
		},
		pattern: lexicon{
			strong:  list("scenario typology fraudtype fraudkind fraudpattern fraudscenario fraudreason fraudcategory modus scamtype betrugsart fraudart pattern"),
			against: list("score =date =time"),
		},
		fraud:      list("fraud chargeback scam betrug fraude frode disputed chargedback"),
		leak:       list("fraud chargeback scam betrug fraude frode dispute label scenario typology suspicious suspect verdacht sospech flagged alert blocked declined status outcome decision"),
		atMerchant: list("merchant merch shop store terminal dest atm pos haendler handler vendor outlet"),
		atHome:     list("home cust customer card cardholder user client holder kunde billing wohnort"),
		personal: list("first =last surname forename firstname lastname fullname middlename vorname nachname nom prenom nombre apellido street strasse address addr adresse " +
			"direccion email mail phone tel telefon mobile gender sex geschlecht dob birth birthday geburtsdatum geburtstag job occupation beruf ssn passport age alter zip zipcode postcode plz postal cvv cvc pin expiry"),
		entity: list("device terminal ip session channel kanal country =land entry =mode browser os agent bin issuer brand network mcc pos method =city =state region product app platform code"),
		clock:  list("hour day weekday month year week minute second dayofweek quarter weekend stunde tag wochentag monat jahr elapsed"),
	}
}
