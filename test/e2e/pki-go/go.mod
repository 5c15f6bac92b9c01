module pki-go

go 1.12
