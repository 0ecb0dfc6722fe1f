"""How the engine `numpy` multiplies: word tables, gates applied to rows, shared prefixes."""
