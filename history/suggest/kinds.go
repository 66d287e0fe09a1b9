package suggest

import (
	"slices"
	"strings"

	"github.com/weir-fraud/weir/payment"
)

// typeOf returns the type that a text stands for. Where it could be something else too, it is not sure.
func typeOf(text string) (t payment.Type, sure bool) {
	n := nameOf(text)
	switch {
	case n.joined == "d" || n.joined == "dr" || n.joined == "s":
		return payment.Purchase, true
	case n.joined == "c" || n.joined == "cr" || n.joined == "h":
		return payment.Deposit, true
	case n.has("withdrawal", "withdraw", "atm", "cashout", "abhebung", "bargeldauszahlung", "auszahlung", "geldautomat", "retrait", "retiro", "saque", "prelievo", "wdl"),
		n.has("cash") && n.has("out", "advance"):
		return payment.Withdrawal, true
	case n.has("deposit", "cashin", "topup", "einzahlung", "gutschrift", "versement", "deposito", "salary", "gehalt", "interest", "payroll", "haben", "loading", "dep"),
		n.has("cash") && n.has("in"), n.has("top") && n.has("up"):
		return payment.Deposit, true
	case n.has("card", "karte", "carte", "tarjeta", "cartao"): // "credit card" is a way to pay
		return payment.Purchase, true
	case n.has("refund", "reversal", "erstattung", "storno", "remboursement", "credit", "incoming", "received"):
		return payment.Deposit, n.joined == "credit"
	case n.has("purchase", "sale", "sales", "pos", "payment", "debit", "buy", "kauf", "einkauf", "zahlung", "lastschrift", "achat", "paiement", "compra", "pago",
		"acquisto", "online", "ecom", "ecommerce", "card", "contactless", "chip", "swipe", "moto", "soll", "pmt", "purch", "shop", "checkout"):
		return payment.Purchase, true
	case n.has("cash", "bar"):
		return payment.Withdrawal, false
	case n.has("transfer", "uberweisung", "virement", "wire", "p2p", "bill", "fee", "out", "outgoing", "sent"):
		return payment.Purchase, false
	}
	return payment.Purchase, false
}

// known reports whether a text names a type.
func known(text string) bool {
	_, sure := typeOf(text)
	return sure
}

// kind writes where the type comes from: a column, the sign of the amount, or nowhere.
func (p *proposer) kind() {
	s := p.section("transaction_type")
	const most = 40
	best, _ := p.best(func(c *column) int {
		if len(c.distinct) > most || c.time != nil || c.number != nil {
			return 0
		}
		sure := 0
		for v, n := range c.distinct {
			if known(v) {
				sure += n
			}
		}
		score := p.lex.kind.score(c.words)
		if sure*2 > len(c.values) && score >= 0 {
			score += 2
		} else if score < 4 && sure == 0 {
			return 0
		}
		if score == 2 && len(c.distinct) > 8 {
			return 0
		}
		return score
	})
	if best != nil && p.lex.kind.score(best.words) < 3 && p.allPurchases(best) {
		best = nil // it says how people paid
	}
	switch {
	case best != nil:
		p.kindValues(s, best.take("transaction_type"))
	case p.isStatement():
		s.note("No column says what kind of payment a row is, and most amounts are negative, as in a statement of account.")
		s.doubt("is what leaves the account a purchase? Else: negative: withdrawal")
		s.line("transaction_type: {negative: purchase, positive: deposit}")
	default:
		s.note("No column says what kind of payment a row is.")
		if a := p.amountColumn; a != nil && a.number.negative > 0 {
			s.doubt("%s below zero: refunds? If these are payments and the others receipts: {negative: purchase, positive: deposit}", plural(a.number.negative, "amount"))
		}
		s.line("transaction_type: {value: purchase}")
	}
}

// allPurchases reports whether all values are ways to pay.
func (p *proposer) allPurchases(c *column) bool {
	for v := range c.distinct {
		if t, _ := typeOf(v); t != payment.Purchase {
			return false
		}
	}
	return true
}

// kindValues writes a column of types, with a table unless it has their names.
func (p *proposer) kindValues(s *section, c *column) {
	values := c.frequent()
	s.note("%s has %s.", c.called(), sayings(values, 8))
	types := make(map[string]payment.Type)
	names := true
	for _, v := range values {
		t, sure := typeOf(v)
		if nameOf(v).has("refund", "reversal", "erstattung", "storno", "remboursement") && p.mostlyNegative(c, v) {
			t, sure = payment.Purchase, true
			s.note("%s has negative amounts: it takes back a purchase.", quoted(v))
		}
		types[v] = t
		if !sure {
			s.doubt("%s is taken for a %s: the types are purchase, withdrawal and deposit", quoted(v), t)
		}
		_, ok := payment.ParseType(v)
		names = names && ok
	}
	byDefault := p.lacks(s, c, payment.Purchase.String())
	if names && byDefault == "" {
		s.line("transaction_type: %s", scalar(c.name))
	} else {
		s.line("transaction_type:")
		s.line("  column: %s", scalar(c.name))
		if byDefault != "" {
			s.line("  default: %s", byDefault)
		}
	}
	if !names {
		s.line("  values:")
		for _, v := range values {
			s.line("    %s: %s", quoted(v), types[v])
		}
	}
	p.signs(c, types)
}

// mostlyNegative reports whether the amounts of a type are below zero.
func (p *proposer) mostlyNegative(kind *column, value string) bool {
	if p.amountColumn == nil {
		return false
	}
	negative, others := 0, 0
	for _, row := range p.sample.Rows {
		if n, ok := bareOf(row[p.amountColumn.index]); ok && row[kind.index] == value {
			if n.negative {
				negative++
			} else {
				others++
			}
		}
	}
	return negative > others
}

// signs looks whether types have amounts with a sign that they cannot have.
func (p *proposer) signs(kind *column, types map[string]payment.Type) {
	a := p.amountColumn
	if a == nil || a.number.negative == 0 {
		return
	}
	spent, others := 0, 0 // negative amounts of purchases, and of other types
	for _, row := range p.sample.Rows {
		n, ok := bareOf(row[a.index])
		if !ok || !n.negative {
			continue
		}
		if types[row[kind.index]] == payment.Purchase {
			spent++
		} else {
			others++
		}
	}
	if others == 0 && spent*2 <= a.number.total {
		p.section("amount").note("Negative amounts are refunds of purchases.")
		return
	}
	s := p.section("amount")
	s.doubt("%s below zero: as the type says what is spent and what is received, the sign is dropped", plural(spent+others, "amount"))
	if !slices.ContainsFunc(s.lines, func(l string) bool { return strings.HasPrefix(l, "  column:") }) {
		p.putUnder(s, "amount", a, []string{"  sign: drop"})
		return
	}
	s.line("  sign: drop")
}
