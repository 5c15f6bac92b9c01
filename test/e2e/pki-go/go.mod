module pki-go

go 1.24
