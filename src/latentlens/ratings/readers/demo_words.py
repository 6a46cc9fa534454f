"""The words of the demo set: what lies at each end of each planted axis, and how titles sound there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pole:
    """One end of an axis.

    genres: the genre of every movie near this pole, and perhaps a second one for those at the very end.
    patterns: titles with a place for a thing of this pole, or for a place of any pole.
    things, places: noun phrases; a place brings its own article.
    tags: what people call movies near this pole, the usual word first.
    """

    name: str
    genres: tuple[str, ...]
    patterns: tuple[str, ...]
    things: tuple[str, ...]
    places: tuple[str, ...]
    tags: tuple[str, ...]

    def title(self, setting: Pole, rng: np.random.Generator) -> str:
        """Invent a title of this pole that is set at a place of another (or of the same)."""
        pattern, thing, place = (
            words[rng.integers(len(words))] for words in (self.patterns, self.things, setting.places)
        )
        return pattern.format(thing=thing, place=place)


def _listed(text: str) -> tuple[str, ...]:
    """Split words written one after the other with a slash between."""
    return tuple(" ".join(entry.split()) for entry in text.split("/"))


CRIME = Pole(
    "gritty crime",
    ("Crime", "Thriller"),
    _listed("""
        The {thing}'s Alibi / The {thing} of {place} / No {thing} for {place} / Nobody Leaves {place} /
        One {thing} Too Many / Cold Rain over {place} / Every {thing} Has a Price /
        Never Trust the {thing} / The {thing} Talks / Twelve Hours to {place} / The {thing}'s Last Job /
        Blood Money from {place}
    """),
    _listed("""
        Locksmith / Forger / Safecracker / Getaway Driver / Bribed Juror / Bookkeeper / Bagman /
        Pawnbroker / Night Clerk / Hired Gunman / Silent Partner / Crooked Lieutenant / Undertaker /
        Fixer / Bondsman / Lookout / Card Sharp / Parole Officer / Coroner / Smuggler / False Witness /
        Harbour Master
    """),
    _listed("""
        Pier Nine / Harbour Street / Tannery Row / the Fourth Precinct / Mercer Alley / Cell Block Six /
        the Velvet Room / Gravel Point / the Night Court / Kessler Avenue / the Blue Dock / Union Yard
    """),
    _listed("heist / corruption / hard-boiled"),
)

FAMILY = Pole(
    "family animation",
    ("Family", "Animation"),
    _listed("""
        {thing} of {place} / The {thing} Who Lost the Moon / The {thing} Who Could Not Sleep /
        Hooray for the {thing} / Tilly and the {thing} / Oskar and the {thing} / Goodnight, {thing} /
        The {thing} Who Came from {place} / All the Way to {place} / The {thing} Who Painted the Sky /
        The {thing} and the Runaway Balloon / A Birthday for the {thing} / Postcards to {place}
    """),
    _listed("""
        Otter / Hedgehog / Little Dragon / Paper Fox / Clockwork Owl / Penguin / Brave Snail / Badger /
        Tiny Whale / Marmot / Button Bear / Grumpy Goose / Sleepy Giant / Raccoon / Flying Tortoise /
        Firefly / Moon Rabbit / Littlest Yak / Tin Robot / Wooden Knight / Polite Wolf / Seven Kittens
    """),
    _listed("""
        the Moon Lagoon / Biscuit Hill / Thimble Town / the Upside-Down Wood / Marmalade Bay /
        the Cloud Orchard / Pumpkin Lane / Puddle Island / the Lantern Forest / Nutmeg Valley /
        Snowglobe City / the Whispering Attic
    """),
    _listed("talking animals / bedtime / heartwarming"),
)

SPACE = Pole(
    "deep-space science fiction",
    ("Science Fiction", "Action"),
    _listed("""
        The {thing} / Beyond {place} / Escape to {place} / Signal from {place} /
        The {thing} of {place} / Dawn of the {thing} / We Built the {thing} / Nine Minutes to {place} /
        Children of the {thing} / Memory of {place} / Override: The {thing} / The {thing} Sequence
    """),
    _listed("""
        Ninth Android / Drowned Beacon / Glass Satellite / Sleeping Colony / Copper Moon /
        Stranded Cosmonaut / Empty Starship / Twin Suns / Restless Clone / Iron Comet / Fading Signal /
        Dreaming Machine / Lost Probe / Quantum Lock / Solar Engine / Orphan Planet / Zero Hour Crew /
        Mirror Nebula / Vacuum Garden / Gravity Thief
    """),
    _listed("""
        Callisto Station / the Kepler Gate / Europa Deep / Dome Seven / the Oort Cloud / Sector Zero /
        New Ganymede / the Red Colony / Orbit Twelve / Port Andromeda / the Far Side of Ceres /
        Titan Harbour
    """),
    _listed("spaceship / androids / mind-bending"),
)

ROMANCE = Pole(
    "tender romance",
    ("Romance", "Musical"),
    _listed("""
        The {thing} / Love Letters from {place} / One Summer near {place} / The {thing} of {place} /
        Two Tickets to {place} / My Heart Left {place} / Dreaming of the {thing} /
        Waiting for the {thing} / The Sweetest {thing} / Yours, from {place} / Kiss Me near {place} /
        Remember the {thing}
    """),
    _listed("""
        Borrowed Waltz / Unsent Letter / Second Spring / Lemon Summer / Shy Florist /
        Perfumer's Daughter / Last Slow Dance / Rose Thief / Seamstress / Kiss in the Rain /
        April Promise / Midnight Ferry / Quiet Proposal / Blue Piano / Garden Song / Paper Ring /
        Sunday Violinist / Summer Lodger / Ballroom Window / Cherry Season
    """),
    _listed("""
        Lisbon / the Garden Hotel / Rue des Lilas / Lake Orta / the Orange Grove / the Last Ballroom /
        Trieste / Cherry Street / the Seaside Café / Honeymoon Bay / Seville / the Rose Terrace
    """),
    _listed("love story / bittersweet / dancing"),
)

WAR = Pole(
    "sombre war",
    ("War", "Drama"),
    _listed("""
        The {thing} of {place} / Ashes of {place} / Forty Days to {place} / No Bells for the {thing} /
        They Came from {place} / Silence over {place} / What the {thing} Saw / Pray for the {thing} /
        The Night We Lost {place} / The {thing} Does Not Return / Letters to the {thing} /
        Snow on the {thing}
    """),
    _listed("""
        Bugler / Deserter / Field Surgeon / Frozen Convoy / Ninth Regiment / Signalman / Sapper /
        Stretcher Bearer / Drummer Boy / Forgotten Platoon / Ash Battalion / Ration Train /
        Young Corporal / Night Patrol / Quartermaster / Ambulance Driver / Lost Squadron / Codebreaker /
        Army Chaplain / Bridge Builder
    """),
    _listed("""
        the Eastern Line / Hill 61 / the River Vesna / Fort Aldane / Ravensberg / the Burning Bridge /
        Tobrava / the Frozen Pass / Trench Nine / Saint-Aubin / the Long Retreat / Karelin Field
    """),
    _listed("bleak / trenches / anti-war"),
)

COMEDY = Pole(
    "light comedy",
    ("Comedy",),
    _listed("""
        The {thing} / Oh No, the {thing}! / Who Invited the {thing}? / Anywhere but {place} /
        The {thing} of {place} / Honk If You Love the {thing} / Never Lend Money to the {thing} /
        How I Ruined {place} / Return of the {thing} / Blame the {thing} / The Fools of {place} /
        My Cousin, the {thing}
    """),
    _listed("""
        Accidental Mayor / Honest Uncle / Substitute Groom / Terrible Tenor / Runaway Casserole /
        Fake Dentist / Overqualified Butler / Missing Trousers / Lazy Spy / Bankrupt Baron /
        Reluctant Plumber / Wrong Twin / Haunted Caravan / False Moustache / Loud Neighbour /
        Polite Burglar / Vegetarian Butcher / Sleepless Bishop / Award-Winning Goat / Unlucky Acrobat
    """),
    _listed("""
        the Wrong Hotel / Aunt Mabel's / the Pancake House / Lower Snoring / the Staff Canteen /
        Muddlecombe / the Office Party / the Golf Club / Nowhere-on-Sea / the Caravan Park /
        Cousin Bruno's / Pickle Square
    """),
    _listed("slapstick / quotable / silly"),
)

DOCUMENTARY = Pole(
    "quiet documentary",
    ("Documentary", "Biography"),
    _listed("""
        Portrait of the {thing} / The {thing}'s Year / Voices from {place} / Listening to {place} /
        The {thing} of {place} / Twelve Months with the {thing} / In Praise of the {thing} /
        Field Notes from {place} / The Patience of the {thing} / Inside {place} /
        The People of {place} / What We Owe the {thing}
    """),
    _listed("""
        Beekeeper / Glacier / Salt Miner / Lighthouse / Village Baker / Bird Counter / Map Maker /
        Weaver / Ferryman / Piano Tuner / Tidal River / Night Shift / Seed Bank / Clockmaker /
        Glassblower / Weather Station / Last Typesetter / Oyster Diver / Marathon Nun / Chess Prodigy
    """),
    _listed("""
        the Aral Shore / the Danube Delta / the Arctic Circle / Patagonia / Shetland / the Salt Flats /
        the Night Market / the Peat Bog / Lake Baikal / the Sound Archive / the Old Observatory /
        the Allotments
    """),
    _listed("slow / true story / nature"),
)

ADVENTURE = Pole(
    "wild adventure",
    ("Adventure", "Fantasy"),
    _listed("""
        The {thing} / Quest for the {thing} / The {thing} of {place} / Riders of {place} /
        Voyage to {place} / Curse of the {thing} / The Map to {place} / Captain Brandt and the {thing} /
        Sail for {place} / Guardians of {place} / Song of the {thing} / Treasure of {place}
    """),
    _listed("""
        Emerald Compass / Serpent Crown / Sky Pirate / Jade Idol / Storm Rider / Sunken Bell /
        Amber Sword / Thunder Map / Obsidian Gate / Wind Caller / Golden Scarab / Cloud Corsair /
        Ivory Horn / Last Griffin / Seventh Mage / Tiger Throne / River Witch / Salt Dragon /
        Moonstone Key / Desert Falcon
    """),
    _listed("""
        the Lost Plateau / Zanzarra / the Thunder Isles / Mount Karu / the Sunken Temple / Serpent Bay /
        the Amber Coast / Ashkalon / the Whale Road / Dragonmere / the Thousand Stairs /
        the Sapphire Caves
    """),
    _listed("treasure hunt / swords / epic quest"),
)

WESTERN = Pole(
    "studio-era western",
    ("Western",),
    _listed("""
        The {thing} of {place} / Ride to {place} / Last Train to {place} / Sundown for the {thing} /
        Showdown near {place} / Dust over {place} / The {thing} Rides Alone /
        Two Bullets for the {thing} / Ballad of the {thing} / High Trail to {place} /
        A Horse for the {thing} / The {thing} Came Back
    """),
    _listed("""
        Sheriff / Drifter / Gunsmith / Rustler / Lonesome Cowhand / Telegraph Man / Barefoot Marshal /
        Travelling Preacher / Prospector / Cattle Baron / One-Eyed Mule / Quiet Deputy /
        Whiskey Doctor / Schoolmarm / Widow Callahan / Bounty Man / Stagecoach Cook / Horse Thief /
        Young Gambler / Blacksmith
    """),
    _listed("""
        Red Gulch / Coyote Creek / Dry Fork / Sundown Ridge / the Broken Spur / Tumbleweed Crossing /
        Devil's Ford / Prairie Junction / Cactus Wells / the Last Corral / Mesa Blanca / Copper Canyon
    """),
    _listed("cowboys / black and white / revenge"),
)

MYSTERY = Pole(
    "modern mystery",
    ("Mystery", "Horror"),
    _listed("""
        The {thing} / The {thing} of {place} / Who Watches {place}? / Do Not Follow the {thing} /
        Nobody Saw the {thing} / The Truth about {place} / The Way Back from {place} /
        Behind the {thing} / Before You Enter {place} / Something Stirs beyond {place} /
        The {thing} Knows / Missing from {place}
    """),
    _listed("""
        Vanishing Neighbour / Unread Message / Hollow Mirror / Empty Cradle / Fourteenth Guest /
        Missing Hour / Muted Call / Painted Door / Attic Tenant / Glass Stairwell / Whispering Wall /
        Second Shadow / Unlisted Number / Cellar Light / Blank Photograph / Absent Passenger /
        Deleted File / Sleepless Child / Stranger's Face / Stopped Clock
    """),
    _listed("""
        Blackwater House / Hollow Lane / Room 414 / the Drowned Chapel / Ashgrove /
        the Seventeenth Floor / Gallows Wood / Marrow Hill / the Empty Clinic / Wren Island /
        Cold Harbour Lodge / the Mirror Maze
    """),
    _listed("twist ending / haunted / unsettling"),
)

# Strongest axis first; each is named from its negative to its positive end.
AXES = ((CRIME, FAMILY), (SPACE, ROMANCE), (WAR, COMEDY), (DOCUMENTARY, ADVENTURE), (WESTERN, MYSTERY))
OLD_TO_MODERN = 4

# What people say of any movie.
OTHER_TAGS = _listed("seen with friends / great soundtrack / overrated / rewatch / too long / on a plane / own it")

# What a movie without a pronounced trait is.
DRAMA = Pole(
    "drama",
    ("Drama",),
    _listed("""
        After the {thing} / Home from {place} / The {thing} and the Rain / Leaving {place} / Sons of {place} /
        The {thing} of {place} / What the {thing} Remembers / The Daughters of {place} / A Letter to {place}
    """),
    _listed("""
        Orchard / Inheritance / Kitchen Table / Elder Sister / Hard Winter / Schoolteacher / Unfinished House /
        Green Coat / Rented Room / Late Harvest / Family Silver / Old Bicycle / Stepfather / Country Doctor /
        Empty Chair / Flood / Choirmaster / Newcomer / Walnut Tree / Estate Sale / Swimming Lesson / Midwife /
        Understudy / Long Strike
    """),
    _listed("""
        Juniper Street / the Mill / Saltmarsh / the Upper Farm / Cobbler's Row / the Station Hotel / Penhallow /
        the Reservoir / Lime Avenue / the Boarding School / Quarry Town / the Ferry House / Alder Creek /
        the Third Floor
    """),
    _listed("family secrets / slow burn / coming of age"),
)
