"""What a modified client tries against a real server with honest people in the room. None of it may succeed.

Each test names the promise of the design that it defends and the threat that it is:

TH1   forging            writing under somebody else's client id
TH2   squatting          taking client ids that others use or will use
TH3   impersonation      being somebody else in the awareness or the roster
TH4   chat               speaking for others, changing or hiding what they said
TH5   whiteboard         putting there what harms who looks at it
TH6   tokens             getting in with what was not given
TH7   permissions        doing what one may not, or not any more
TH8   returning          coming back to where one was sent away from, or where nobody may be
TH9   crossing           reaching another document, room or session
TH10  exhaustion         too large, too much, too deep, too often
TH11  addresses          leading out of a folder
TH12  files              files that are something else than they say
TH13  other sites        pages of other sites that use a visitor's browser
TH14  malformed input    what is no message at all
"""
