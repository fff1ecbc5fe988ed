"""Tables of look-alikes: characters that stand for a plain letter, and the scars of a wrong decoding."""

# Letters of other scripts that read as Latin ones. Used only inside words that also hold Latin letters or wherever the
# whole text is Latin, so that real Cyrillic or Greek stays itself (and is recognised as a language we do not know).
LOOKALIKE = str.maketrans(
    "аеорсухіјѕԁһӏвкмнтгԛԝαεορυνικτχμѵɑɡıʀɴꜱ",
    "aeopcyxijsdhlbkmhtrqwaeopuviktxuvagirns",
)

# Digits and signs that stand for letters. `1` and `!` may be an i or an l: both readings are tried.
LEET = {
    "0": "o",
    "1": "il",
    "!": "il",
    "3": "e",
    "4": "a",
    "@": "a",
    "5": "s",
    "$": "s",
    "7": "t",
    "+": "t",
    "8": "b",
    "9": "g",
    "|": "il",
}

# UTF-8 read as Windows-1252: the sequences that English and Spanish texts produce.
MOJIBAKE = {
    "â€™": "'",
    "â€˜": "'",
    "â€œ": '"',
    "â€\x9d": '"',
    "â€¦": "...",
    "â€“": "-",
    "â€”": "-",
    "Ã¡": "á",
    "Ã©": "é",
    "Ã\xad": "í",
    "Ã³": "ó",
    "Ãº": "ú",
    "Ã±": "ñ",
    "Ã¼": "ü",
    "Â¿": "¿",
    "Â¡": "¡",
    "Â ": " ",
    "Ã‘": "Ñ",
}
