package payment

import "unicode/utf8"

// AppendJSON appends the canonical JSON of tx: fields in the order of the documentation, no white space, what is
// missing left out, the amount with all digits of its currency, attributes as strings in their order. Decoding it gives
// tx again, if tx is legal ([Transaction.Validate]).
func AppendJSON(dst []byte, tx *Transaction) []byte {
	dst = AppendString(append(dst, `{"transaction_id":`...), tx.ID)
	dst = tx.Time.Append(append(dst, `,"timestamp":"`...))
	dst = AppendString(append(dst, `","account_id":`...), tx.AccountID)
	dst = append(append(dst, `,"transaction_type":"`...), tx.Type.String()...)
	dst = AppendAmount(append(dst, `","amount":`...), tx.Amount, tx.Currency)
	dst = tx.Currency.Append(append(dst, `,"currency":"`...))
	dst = append(dst, '"')
	if tx.Merchant != (Merchant{}) {
		dst = tx.Merchant.AppendJSON(append(dst, `,"merchant":`...))
	}
	if len(tx.Attributes) > 0 {
		dst = append(dst, `,"attributes":`...)
		for i, a := range tx.Attributes {
			dst = AppendString(append(dst, separator(i)), a.Key)
			dst = AppendString(append(dst, ':'), a.Value)
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// AppendJSON appends the merchant as JSON; it has at least one part.
func (m *Merchant) AppendJSON(dst []byte) []byte {
	parts := 0
	if m.Name != "" {
		dst = AppendString(append(append(dst, separator(parts)), `"name":`...), m.Name)
		parts++
	}
	if m.Category != "" {
		dst = AppendString(append(append(dst, separator(parts)), `"category":`...), m.Category)
		parts++
	}
	if m.Location.Known {
		dst = appendCoordinate(append(append(dst, separator(parts)), `"location":{"latitude":`...), m.Location.LatitudeE7)
		dst = appendCoordinate(append(dst, `,"longitude":`...), m.Location.LongitudeE7)
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// separator returns what stands before the member with the given index.
func separator(i int) byte {
	if i == 0 {
		return '{'
	}
	return ','
}

// AppendString appends s as a JSON string, in quotation marks. Quotation mark, backslash and control characters are
// escaped, and so are U+2028 and U+2029, which end a line in older JavaScript. Bytes that are not UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0 // of what is still to be appended as it is
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == '"' || c == '\\' {
				dst = appendEscape(append(dst, s[start:i]...), c)
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == '\u2028' || r == '\u2029' || r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			switch r {
			case '\u2028':
				dst = append(dst, `\u2028`...)
			case '\u2029':
				dst = append(dst, `\u2029`...)
			default:
				dst = utf8.AppendRune(dst, utf8.RuneError)
			}
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
	case '\b':
		c = 'b'
	case '\f':
		c = 'f'
	case '\n':
		c = 'n'
	case '\r':
		c = 'r'
	case '\t':
		c = 't'
	default:
		return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
	}
	return append(dst, '\\', c)
}
