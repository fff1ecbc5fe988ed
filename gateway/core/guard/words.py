"""Words that are nobody's name or handle, however they stand after `my name is`, `im`, `soy`, `my insta is`."""

from __future__ import annotations


def words_of(lines: str) -> frozenset[str]:
    """Read a list of words."""
    return frozenset(lines.split())


_SMALL = """
a about actually after again all almost already also always am an and any anymore anyone anything are around as asap
at back bad badly be because been before being bc but by call can cant cuz could cus did didnt do does doesnt doing
dont down each even ever every everyone everybody everything everywhere far feeling first fine for from fr getting
go going gone gonna good got gotta had has hasnt have havent having he hell help her here hers hes hi him his how i
id idk if ill im in inside into is isnt it its ive just keep kinda know last later left less let like literally
living lol long lost lot lots lowkey mad making maybe me mine more most much my near need never new next no nobody
none not nothing now of off ok okay old on once one only or other others our out over part people please pls plz
pretty probably put rather ready real really right said same saying scared see seeing serious she shes should sick
since so some somebody someone something soon sorry spelled still student such super sure talking tell telling than
that thats the their them then there theres these they theyre thing this those though through tho til till to today
tomorrow tonight too tryna trying two u under up ur us using very w wanna want was wasnt watching we well went were
what whats when where which while who whos whose why will with without wont work worried would writing written wrong
yall yeah yes yesterday yet you your youre btw rn tbh ngl happened happening school class classroom grade bathroom
gym lunch bus phone teacher teachers counselor principal coach freshman sophomore junior senior mom dad mother
father parent brother sister friend friends bestie bff girl boy guy kid dude man woman students classmate neighbor
cousin aunt uncle son daughter wife husband roommate anonymous private public hacked banned blocked deleted full
linked locked stolen posted important irrelevant classified mud trash unknown confidential pregnant gay lesbian bi
trans straight black white asian latino latina hispanic mexican american muslim christian jewish catholic urgent
crazy insane wild awkward
"""
_SMALL_ES = """
al algo alguien alumna alumno amiga amigo anonima anonimo ahi ahora ante aqui asi aun aunque ayer ayuda bien buena
buenas bueno casi como con contra cosa creo cual cuando cuenta de del desde despues dia donde dos e el ella ellos en
encima entonces era es esa ese eso esta estaba estan estar este esto estoy estudiante fue gracias hace hacia hay
hermana hermano hija hijo hola hoy igual importante la las le les lo los mal mama manana mas me menor mexicana
mexicano mi miedo mis mucho muy nada nadie ni no nos nueva nuevo o otra otro padre papa para pero persona por porque
pues prima primo privada privado profe profesor profesora publica publico que quien quiero se ser si sin sobre solo
su sus tambien tan te tengo testigo tia tio toda todo todos tu un una uno usted va vecina vecino ver voy vi y ya yo
companera companero latina latino maestra maestro madre novia novio mejor peor
"""
NOT_NAMES = words_of(_SMALL + _SMALL_ES)
GREETINGS = words_of(
    "hi hii hello hey heyy yo sup hiya good morning evening afternoon hola holaa oye buenas buenos dias tardes noches"
)
PARTICLES = words_of("de del la las los van von der da di mc st san santa")


def is_participle(word: str) -> bool:
    """Whether a word has the ending of what is being done: `my name is being used`, `my insta is getting hacked`."""
    return len(word) > 4 and word.endswith(("ing", "ando", "iendo"))
