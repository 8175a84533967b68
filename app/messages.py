"""Sentences of problems in Swedish: by code, or by the English sentence where a code has many."""

import re

_BY_CODE = {
    "missing": "Uppgiften saknas.",
    "extra_forbidden": "Fältet finns inte här.",
    "string_too_long": "Texten är för lång.",
    "string_too_short": "Texten är för kort.",
    "string_pattern_mismatch": "Skrivsättet är fel.",
    "too_long": "För många värden.",
    "too_short": "För få värden; utelämna fältet om det inte är känt.",
    "enum": "Måste vara ett av de tillåtna värdena.",
    "literal_error": "Måste vara ett av de tillåtna värdena.",
    "greater_than_equal": "Värdet är för lågt.",
    "less_than_equal": "Värdet är för högt.",
    "greater_than": "Värdet är för lågt.",
    "less_than": "Värdet är för högt.",
    "unknown_term": "Termen finns inte i vokabulären.",
    "text_missing": "En text på svenska eller engelska behövs.",
    "title_missing": "En rubrik behövs.",
    "summary_missing": "En sammanfattning behövs.",
    "category_missing": "Minst en kategori behövs.",
    "contact_missing": "Ett sätt att nå linjen behövs.",
    "place_missing": "En plats behövs, eller en kontakt att fråga.",
    "address_revealed": "Texten avslöjar adressen till en skyddad plats.",
    "in_the_future": "Ligger i framtiden.",
    "personal_data": "Får inte innehålla personnummer, e-postadress eller telefonnummer.",
    "code_only": "Den som har skyddad identitet hänvisas bara med kod.",
    "not_published": "Utbudet är inte publikt just nu.",
    "not_verified": "Organisationen är inte verifierad och kan inte ta emot hänvisningar.",
    "no_child_safeguarding": "Organisationen har ingen noterad rutin för barns trygghet.",
    "expired": "Samtycket har gått ut.",
    "other_recipient": "Samtycket gäller en annan organisation.",
    "too_narrow": "Samtycket omfattar inte allt som lämnas över.",
    "duplicate": "En öppen hänvisning av samma person till organisationen finns redan.",
    "mistyped": "Koden är felskriven: läs den igen, tecken för tecken.",
    "not_agreed": "Personen har inte gått med på att hennes svar lämnas vidare.",
    "not_here": "Uppgiften hör inte hemma här.",
    "unknown": "Finns inte.",
    "discriminator": "Säg vilken sorts kontakt det är.",
    "taken": "Är upptagen.",
    "search_parameter": "Sökparametern går inte att läsa.",
    "reference": "Hänvisar fel.",
    "extension": "Tillägget (extension) är okänt.",
    "coding": "En kod ur tjänstens eget kodverk behövs.",
    "derived": "Följer av statusen på Task: ändra den.",
    "fixed": "Går inte att ändra: gör en ny.",
    "not_first": "En ny Task är draft eller requested.",
    "entries": "En ServiceRequest och högst en Consent och en Task, var och en till sin adress.",
    "one_at_a_time": "Berätta om status och händelse var för sig.",
    "mismatch": "Stämmer inte med adressen i anropet.",
}
_BY_SENTENCE = {
    "See errors for each field.": "Se errors för varje fält.",
    "The body is not valid JSON.": "Innehållet är inte giltig JSON.",
    "There is no such organisation.": "Organisationen finns inte.",
    "There is no such listing.": "Utbudet finns inte.",
    "There is no such referral.": "Hänvisningen finns inte.",
    "There is no such code.": "Koden finns inte.",
    "There is no such link.": "Länken finns inte.",
    "The code was redeemed before.": "Koden är redan inlöst.",
    "The code is mistyped: read it again, character by character.": (
        "Koden är felskriven: läs den igen, tecken för tecken."
    ),
    "The link was used or is too old. Ask for a new one.": "Länken är använd eller för gammal. Be om en ny.",
    "The session is unknown or over. Use a new link.": "Sessionen är okänd eller slut. Använd en ny länk.",
    "A link opens one referral; a code is redeemed by a member.": (
        "En länk öppnar en hänvisning; en kod löses in av en medlem."
    ),
    "Too many tries. Wait before the next one.": "För många försök. Vänta innan du försöker igen.",
    "The listing is full at the moment.": "Det är fullt just nu.",
    "So many referrals have gone to this organisation today that it must catch up.": (
        "Så många hänvisningar har gått till organisationen i dag att den måste hinna ikapp."
    ),
    "An open referral of the same person to this organisation exists.": (
        "En öppen hänvisning av samma person till organisationen finns redan."
    ),
    "The organisation has been asked to contact you already.": "Föreningen har redan fått frågan.",
    "The referral cannot be saved as it is.": "Hänvisningen kan inte sparas som den är.",
    "The referral cannot be sent yet.": "Hänvisningen kan inte skickas än.",
    "The change cannot be made.": "Ändringen går inte att göra.",
    "The event cannot be told.": "Händelsen går inte att anteckna.",
    "This change is another party's.": "Den ändringen gör någon annan part.",
    "This event is another party's to tell.": "Den händelsen antecknas av någon annan part.",
    "A referral is changed by its requester only until it is answered.": (
        "Den som hänvisar ändrar bara tills hänvisningen är besvarad."
    ),
    "There is no contact to change any more.": "Det finns ingen kontaktväg att ändra längre.",
    "The person's data of this referral are shredded: make a new one.": (
        "Personens uppgifter i hänvisningen är raderade: gör en ny."
    ),
    "Referrals are not set up here.": "Hänvisningar är inte uppsatta här.",
    "There is no such consent.": "Samtycket finns inte.",
    "There is one already: update it.": "Det finns redan ett: uppdatera det.",
    "The id of the resource is not that of the address.": "Resursens id är ett annat än adressens.",
    "There is no such place.": "Platsen finns inte.",
    "The search cannot be read.": "Sökningen går inte att läsa.",
    "Send the search as application/x-www-form-urlencoded.": (
        "Skicka sökningen som application/x-www-form-urlencoded."
    ),
    "There is no such key.": "Nyckeln finns inte.",
    "There is no mailbox.": "Det finns ingen brevlåda.",
    "There is no such webhook.": "Webhooken finns inte.",
    "This address has a webhook already.": "Adressen har redan en webhook.",
    "There are ten webhooks. Delete one before making another.": (
        "Det finns tio webhookar. Ta bort en innan du gör en ny."
    ),
    "This is not a web address.": "Det är ingen webbadress.",
    "The address must begin with https://.": "Adressen måste börja med https://.",
    "The address must not hold a user name or password.": (
        "Adressen får inte innehålla användarnamn eller lösenord."
    ),
    "The address is not one of the open Internet.": "Adressen finns inte på det öppna Internet.",
    "The host of the address is not known.": "Adressens värd är inte känd.",
    "The listing cannot be saved as it is.": "Uppgifterna kan inte sparas som de är.",
    "The listing cannot be published yet.": "Det går inte att publicera än.",
    "The organisation cannot be saved.": "Organisationen kan inte sparas.",
    "Two keys are active. Revoke one before making another.": (
        "Två nycklar är aktiva. Återkalla en innan du gör en ny."
    ),
    "This is not a key of ours: it may be mistyped.": (
        "Det är ingen nyckel från oss; den kan vara felskriven."
    ),
    "The key is unknown, expired or revoked.": "Nyckeln är okänd, utgången eller återkallad.",
    "Only the operator's key may do this.": "Bara driftansvarigs nyckel får göra detta.",
    "The database does not answer. Nothing was saved; try again.": (
        "Databasen svarar inte. Inget sparades; försök igen."
    ),
    "Send the ETag you read in If-Match.": "Skicka den ETag du läste i If-Match.",
    "It was changed after you read it. Read it again and redo your change.": (
        "Någon ändrade efter att du läste. Läs igen och gör om din ändring."
    ),
    "It was removed after you read it.": "Den togs bort efter att du läste den.",
    "This Idempotency-Key was used for another request.": "Idempotency-Key är använd för ett annat anrop.",
    "The same request is being answered. Try again in a moment.": (
        "Samma anrop besvaras just nu. Försök igen om en stund."
    ),
    "A key is needed: Authorization: Bearer torg_…": "En nyckel behövs: Authorization: Bearer torg_…",
    "A person's access token is needed: Authorization: Bearer eyJ…": (
        "En persons inloggning behövs: Authorization: Bearer eyJ…"
    ),
    "An API key does not open this: it takes a person's access token.": (
        "En API-nyckel räcker inte här; det behövs en persons inloggning."
    ),
    "The access token is not valid here.": "Inloggningen gäller inte här.",
    "This takes a stronger login.": "Det här kräver en starkare inloggning.",
    "Who you are cannot be checked just now: the issuer of the token does not answer.": (
        "Det går inte att kontrollera vem du är just nu: inloggningstjänsten svarar inte."
    ),
    "This is for staff, and their token names the care provider they act for.": (
        "Det här är för personal, och deras inloggning anger vårdgivaren de arbetar för."
    ),
    "This is for members of an organisation.": "Det här är för medlemmar i en organisation.",
    "This is for the operator.": "Det här är för driftansvarig.",
    "Nobody gives herself a role.": "Ingen ger sig själv en roll.",
    "She has this role already.": "Personen har redan den rollen.",
    "There is no such grant.": "Rolltilldelningen finns inte.",
    "The settings name no such issuer.": "Inställningarna nämner ingen sådan inloggningstjänst.",
    "a member, and no other, has an organisation": "En medlem, och ingen annan, har en organisation.",
    "There is no such proposal.": "Förslaget finns inte.",
    "The same waits for a decision already.": "Samma sak väntar redan på beslut.",
    "This is decided already.": "Det här är redan avgjort.",
    "It takes another person than the one who proposed it.": "Det krävs en annan person än den som föreslog.",
    "This is not approved.": "Det här är inte godkänt.",
    "The approval is more than an hour old.": "Godkännandet är mer än en timme gammalt.",
    "What was published as a support line stays one.": "Det som publicerats som stödlinje förblir en.",
    "Another rebuild is running.": "En annan ombyggnad pågår.",
    "The listing was archived.": "Utbudet har tagits bort.",
    "The body is larger than allowed.": "Innehållet är större än tillåtet.",
    "min is above max": "Lägsta ålder är högre än högsta.",
    "min_sek is above max_sek": "Lägsta pris är högre än högsta.",
    "lat and lon go together": "lat och lon hör ihop.",
    "does not go with freq always, which is round the clock": "Hör inte till always, som är dygnet runt.",
    "should be a date such as 2026-10-02": "Ska vara ett datum som 2026-10-02.",
    "must hold something that can be seen": "Måste innehålla något som syns.",
    "The external id is taken.": "external_id är upptaget.",
    "Send the body as application/json.": "Skicka innehållet som application/json.",
    "from and to go together": "from och to hör ihop.",
    "valid_from is after valid_to": "valid_from är efter valid_to.",
    "is not a valid organisation number": "Är inget giltigt organisationsnummer.",
    "is a personal number; leave it out": "Är ett personnummer; utelämna det.",
    "A handout is for a referral that is open.": "Ett papper skrivs ut för en hänvisning som är öppen.",
    "is not a telephone number": "Är inget telefonnummer.",
    "The form is too old. Nothing was saved.": "Formuläret är för gammalt. Inget sparades.",
    "Has the wrong type or form.": "Fel sort eller skrivsätt.",
    "Must be 0 to 400 days after from_date, in 1970 to 2100.": (
        "Ska vara 0 till 400 dagar efter from_date, åren 1970 till 2100."
    ),
    "Is no chip that is known here.": "Är ingen tolkning som finns här.",
    "The wishes of the search do not go together.": "Önskemålen i sökningen går inte ihop.",
    "The database does not answer.": "Databasen svarar inte.",
    "Neither the search engine nor the database answers.": "Varken sökmotorn eller databasen svarar.",
    "No place or postcode is known by this name.": "Ingen ort och inget postnummer med det namnet är känt.",
    "The place is not known.": "Platsen är inte känd.",
    "A part of the service is missing.": "En del av tjänsten saknas.",
    "must not contain the NUL character": "Får inte innehålla NUL-tecken.",
}


# Sentences with a word of the caller's own vocabulary in them, such as a status.
_BY_PATTERN = (
    (r"A listing that is (\w+) cannot become (\w+)\.", "Utbudet är {} och kan inte bli {}."),
    (r"A referral that is ([\w-]+) cannot become ([\w-]+)\.", "Hänvisningen är {} och kan inte bli {}."),
    (r"A referral that is ([\w-]+) cannot be re-routed\.", "Hänvisningen är {} och kan inte skickas om."),
    (r"The key lacks the scope ([\w:-]+)\.", "Nyckeln saknar rättigheten {}."),
)


def sentence(code: str, english_sentence: str, *, english: bool) -> str:
    """The sentence in the reader's language; English where no translation stands here."""
    if english:
        return english_sentence
    for pattern, swedish in _BY_PATTERN:
        if found := re.fullmatch(pattern, english_sentence):
            return swedish.format(*found.groups())
    return _BY_SENTENCE.get(english_sentence) or _BY_CODE.get(code) or english_sentence
