"""Given names that students in the US often have: what tells `im sarah` from `im scared` when nobody uses capitals.

Names that are everyday words too (will, grace, angel, dolores …) are not here: they count only with a capital.
"""

from __future__ import annotations

_EN = """
aaron abby abigail adam addison adrian aiden alan alex alexa alexander alexis alice alicia alyssa amanda amber
amelia amir amy andrea andrew anna annie anthony aria ariana ashley aubrey audrey austin ava avery bailey barbara
becca ben benjamin beth blake bobby brandon breanna brian brianna brittany brooke bryan caitlin caleb cameron carla
carly carol caroline carter casey cassandra catherine cathy charles charlie charlotte chelsea chloe chris christian
christina christopher cindy claire cody cole colin connor corey courtney craig cynthia dakota dan daniel danielle
danny david deborah denise derek devin diana dominic donna dustin dylan edward eleanor elena eli elijah elizabeth
ella ellie emily emma eric erica erik erin ethan eva evan evelyn fatima gabe gabriel gabriella gary gavin george
gianna greg hailey haley hannah harper harry heather henry holly hudson hunter ian isaac isabella isabelle isaiah
jack jackie jackson jacob jada jaden jake jaylen james jamie jane janet jared jasmine jason jayden jeff jeffrey jen
jenna jennifer jenny jeremy jesse jessica jill jim jimmy joanna jocelyn joe joel joey john johnny jon jonah jonathan
jordan jordyn joseph josh joshua julia julian julie justin kaitlyn kara karen kate katelyn katherine kathryn katie
kayla keith kelly kelsey ken kendall kenny kevin kiara kim kimberly kyle kylie lauren laura layla leah leo leslie
levi liam lillian lily linda lindsay lisa logan lucas lucy luke mackenzie madeline madison maddie makayla malik
marcus margaret maria marissa mary mason matt matthew max maya megan melanie melissa mia michael michelle miguel
mike mila miles mohammed molly morgan naomi natalie nate nathan nathaniel nevaeh nicholas nick nicole nina noah nora
nolan oliver olivia omar owen paige pamela parker patricia patrick paul peter peyton philip rachel randy raymond
rebecca richard riley robert ruby ryan sabrina sam samantha samuel sandra sara sarah savannah scott sean sebastian
serenity seth shane shannon sharon shawn shelby sophia sophie spencer stella stephanie stephen steve steven sydney
tara taylor thomas tiffany tim timothy tina tom tommy tori travis trevor trinity tristan tyler tyrone vanessa
veronica victor victoria vincent wendy wesley william wyatt xavier zach zachary zoe zoey
"""
_ES = """
adriana alberto alejandra alejandro alfredo alma ana andres antonio arturo beatriz brenda camila carlos carmen
carolina cecilia cesar claudia cristian cristina daniela diego eduardo emilio enrique ernesto esteban esmeralda
fabiola felipe fernanda fernando francisco gabriela gerardo gloria graciela guadalupe guillermo gustavo hector hugo
ignacio irene isabel itzel ivan javier jimena joaquin jorge jose josefina juan juana juanita julio karina karla
laura leonardo leticia lorena lucia luis lupe lupita luz manuel marco margarita mariana maribel maricela mario
marisol martin mateo mauricio mayra mercedes miguel miriam monica nancy natalia nayeli nicolas norma oscar pablo
paola patricio paulina pedro rafael ramiro ramon raul ricardo roberto rocio rodrigo rogelio rosa ruben salvador
santiago sergio silvia sofia susana teresa tomas valentina valeria veronica vicente ximena yadira yesenia yolanda
"""
GIVEN = frozenset((_EN + _ES).split())
