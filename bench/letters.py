"""Letters as somebody may write them to a search box: long, and of one life each."""

LETTERS = (
    """Hej, jag vet inte riktigt om det här är rätt ställe att skriva på men jag försöker. Jag är 71 år
och bor i Säffle sedan fyrtio år tillbaka. I mars dog min man Rolf efter en lång tids sjukdom, han hade
varit dålig i lungorna i flera år och på slutet var det jag som skötte allt hemma. Nu när han är borta
har jag plötsligt hur mycket tid som helst och ingen att dela den med. Barnen bor i Göteborg och i Norge
och de ringer på söndagarna, men jag vill inte ligga dem till last, de har sitt. Dagarna går väl an, jag
har trädgården och korsorden, men kvällarna är tunga och värst är helgerna. Jag dukar fortfarande för
två ibland innan jag kommer på mig. Förr var vi ute mycket, vi dansade och åkte på bussresor med
pensionärerna, men efter att Rolf blev sjuk tappade vi kontakten med de flesta och nu känns det svårt
att bara dyka upp ensam. Jag har artros i höften så långa promenader klarar jag inte längre, men jag tar
mig fram med stavar eller rullator om det inte är för mycket trappor. Bil kör jag inte sedan
ögonoperationen, så det måste gå att ta bussen och sista bussen går halv sju. Det jag skulle vilja är
nog att träffa andra som har varit med om samma sak, det behöver inte vara någon sorgegrupp med psykolog
och så, bara några att dricka kaffe med och kanske sticka eller spela kort, och där ingen tycker att man
är konstig om man blir ledsen mitt i alltihop. Jag sjöng i kör i kyrkan förut och det skulle jag gärna
göra igen, men jag är inte särskilt troende så det får inte vara för mycket av den varan. Pensionen är
liten sedan vi blev en så dyrt får det inte vara. Min granne säger att det finns någon sorts träffpunkt
vid torget på onsdagar men jag hittar ingen telefonnummer och jag är dålig på internet, det är min
dotterdotter som har satt upp den här plattan åt mig. Kan ni säga vad som finns i närheten, gärna dagtid
i veckorna, och om man måste anmäla sig? Och finns det någon man kan ringa till på nätterna när det är
som värst? Tack på förhand.""",
    """Jag skriver för min sons skull. Han är fjorton, går i åttan och har inte varit i skolan mer än
några dagar sedan sportlovet. Det började med magont på morgnarna och sedan gick det inte att få upp
honom alls. Han har fått diagnoserna autism och adhd i vintras och vi står i kö till habiliteringen men
det tar minst ett år säger de. Han sitter på sitt rum och spelar hela nätterna och sover på dagarna, de
enda han pratar med är några som han aldrig har träffat. Förut hade han en kompis i klassen men den
familjen flyttade. Han säger att han inte orkar med folk, det är ljuden och att alla tittar, men jag ser
ju att han är ensam och ledsen och ibland säger han saker som gör mig rädd, att det inte är någon
mening. Jag är själv med honom sedan jag och hans pappa gick isär och jag har fått gå ner i arbetstid
för att kunna vara hemma, så ekonomin är ansträngd och jag har egentligen ingen att prata med, mina
vänner har slutat fråga. Skolan skickar orosanmälan och säger att han måste komma dit, men ingen kan
säga hur det ska gå till. Vi bor i Vänersborg men kan ta oss till Trollhättan eller Uddevalla om det
inte är på kvällen. Det jag letar efter är två saker. Dels något för honom, ett ställe med få personer
där man får sitta med en dator eller spela brädspel eller rollspel och där de som håller i det förstår
sådana som han och inte kräver att man ska prata, och det måste vara gratis eller nästan gratis och
helst utan att man binder sig, för vissa dagar går det inte. Kanske något på nätet att börja med. Dels
något för mig, andra föräldrar till hemmasittare, det behöver inte vara på plats, det går bra på telefon
eller en chatt när han har somnat, alltså sent. Jag är inte ute efter råd om gränser och skärmtid för
det har vi fått så det räcker, utan efter någon som har varit där och kommit ut på andra sidan. Min bror
säger att det finns föreningar som ordnar läger på loven, stämmer det, och får man ta med en förälder?
Tack för att ni läser.""",
    """Hello, I am writing in English because my Swedish is not good yet. I came to Sweden two years ago
with my husband who works at the hospital in Linköping, and I am at home with our daughter who is three.
In my country I was a pharmacist and I had a big family around me all the time, sisters and cousins and
neighbours who came in without knocking. Here I can go a whole week and speak with nobody but the
cashier. My husband works nights and sleeps when we are awake. I tried the language classes but there
was no place for my girl in the preschool at that time and then I lost my place. I do not want to
complain, people are kind, but they say hello and go on walking, and I do not know how one gets a friend
here. What I would like is somewhere I can take her in the mornings, where mothers sit together and
drink coffee and the children play, and where I can practise speaking Swedish without being tested. Also
I love cooking and sewing, if there are women who do such things together I would come at once. It would
be best without men, that is more comfortable for me, but it is not a must. We live in Skäggetorp and I
do not drive, but there are buses, and with the pram I cannot do stairs. Evenings are difficult except
Wednesday and the weekend. It should not cost much, we send money home to my parents. There is another
thing that I find hard to write. After the second pregnancy ended too early last autumn I have been very
sad and I do not sleep, and I have not told anybody except my husband, and he says that we should be
thankful for what we have. Is there someone one may call or write to, in English or in Arabic, who does
not know my family and will not tell anyone? I am not ill, I only need to say it aloud to somebody. And
if there is a group of women who have been through the same, I think that I could listen at first.
Please tell me also if I must register with a personal number, because mine came late and some places
said no. Thank you for your help and your patience with this long letter.""",
)
