"""The exact side: frames that are drawn and not dreamt, by arithmetic alone, without torch."""
