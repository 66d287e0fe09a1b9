package payment

var exponents = [...]int8{} // filled by the decoder's work
