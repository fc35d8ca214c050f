# SPDX-License-Identifier: Apache-2.0
"""Labelled georeferences: each is placed where it says, or waits for a person with the right reason; none guessed."""

from __future__ import annotations

from typing import Any, Final

import ifcopenshell
import pytest
from pyproj import Transformer

from ingest.bim.georeference import resolve
from ingest.bim.records import Georeference
from ingest.bim.semantics import describe_model
from ingest.bim.unplaced import UnplacedError
from twin.errors import Problem, RefusedError

METRE: Final = "#10=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);"
MILLIMETRE: Final = "#10=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);"
FOOT: Final = (
    "#12=IFCDIMENSIONALEXPONENTS(1,0,0,0,0,0,0);#13=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);"
    "#14=IFCMEASUREWITHUNIT(IFCLENGTHMEASURE(0.3048),#13);#10=IFCCONVERSIONBASEDUNIT(#12,.LENGTHUNIT.,'FOOT',#14);"
)
MAP_METRE: Final = "#40=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);"
MAP_MILLIMETRE: Final = "#40=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);"
EAST, NORTH = 489000.0, 2495000.0
GRID: Final = f"{EAST},{NORTH}"
UTM: Final = (
    'PROJCS["WGS 84 / UTM zone 50N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",117],PARAMETER["scale_factor",0.9996],'
    'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AXIS["Easting",EAST],'
    'AXIS["Northing",NORTH]]'
)


def crs(name: str, unit: str = "$") -> str:
    return f"#41=IFCPROJECTEDCRS('{name}',$,$,$,$,$,{unit});"


def conversion(grid: str = GRID, rest: str = "0.,$,$,$", *, context: int = 20, number: int = 42) -> str:
    return f"#{number}=IFCMAPCONVERSION(#{context},#41,{grid},{rest});"


def scaled(factors: str, rest: str = "0.,$,$,1.") -> str:
    return f"#42=IFCMAPCONVERSIONSCALED(#20,#41,{GRID},{rest},{factors});"


def rigid(first: str, second: str, *, context: int = 20, number: int = 42) -> str:
    return f"#{number}=IFCRIGIDOPERATION(#{context},#41,{first},{second},0.);"


def lengths(east: float = EAST, north: float = NORTH) -> tuple[str, str]:
    return f"IFCLENGTHMEASURE({east})", f"IFCLENGTHMEASURE({north})"


def site(latitude: str, longitude: str) -> str:
    return f"#50=IFCSITE('1hOSvn6df7F8_7GcBWlS2Q',$,'S',$,$,$,$,$,.ELEMENT.,{latitude},{longitude},$,$,$);"


def epset(*values: str, name: str = "ePset_MapConversion", crs_name: str = "ePset_ProjectedCRS") -> str:
    lines = [site("$", "$")]
    for at, (kind, members) in enumerate(((name, values[:-1]), (crs_name, values[-1:]))):
        numbers = [60 + 20 * at + place for place in range(len(members))]
        lines += [f"#{n}=IFCPROPERTYSINGLEVALUE({text},$);" for n, text in zip(numbers, members, strict=True)]
        held = ",".join(f"#{n}" for n in numbers)
        guid = f"1hOSvn6df7F8_7GcBWlS2{'ab'[at]}"
        lines.append(f"#{75 + 20 * at}=IFCPROPERTYSET('{guid}',$,'{kind}',$,({held}));")
        lines.append(f"#{76 + 20 * at}=IFCRELDEFINESBYPROPERTIES('{guid[:-1]}{'cd'[at]}',$,$,$,(#50),#{75 + 20 * at});")
    return "".join(lines)


def read_facts(lines: str, *, schema: str = "IFC4X3_ADD2", unit: str = METRE, box: str = "") -> dict[str, Any]:
    text = (
        f"ISO-10303-21;HEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('','',(''),(''),'','','');FILE_SCHEMA(('{schema}'));"
        f"ENDSEC;DATA;{unit}#11=IFCUNITASSIGNMENT((#10,#15));#15=IFCSIUNIT(*,.PLANEANGLEUNIT.,$,.RADIAN.);"
        "#17=IFCCARTESIANPOINT((0.,0.,0.));#18=IFCAXIS2PLACEMENT3D(#17,$,$);"
        "#20=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-05,#18,$);"
        "#21=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Plan',2,1.E-05,#18,$);"
        f"#30=IFCPROJECT('2X9wjf5oPB4PQjenCYrhHZ',$,'P',$,$,$,$,(#20,#21),#11);{lines}{box}ENDSEC;END-ISO-10303-21;"
    )
    return describe_model(ifcopenshell.file.from_string(text))["georeference"]


def find_place(lines: str, declared: str | None = None, **options: str) -> tuple[Georeference, list[Problem]]:
    place, _, problems = resolve(read_facts(lines, **options), crs=declared)
    return place, problems


def at_metres(code: int = 4547, east: float = EAST, north: float = NORTH) -> tuple[float, float]:
    return Transformer.from_crs(code, 4326, always_xy=True).transform(east, north)


HERE = at_metres()
CRS = crs("EPSG:4547")
MM = {"unit": MILLIMETRE}
IFC4 = {"schema": "IFC4"}
IFC2X3 = {"schema": "IFC2X3"}

PLACED: Final[dict[str, tuple[str, dict[str, str], tuple[float, float], str]]] = {
    "a conversion in metres": (CRS + conversion(), {}, HERE, ""),
    "the same in IFC4": (CRS + conversion(), IFC4, HERE, ""),
    "a CRS in small letters": (crs("epsg:4547") + conversion(), {}, HERE, ""),
    "a CRS as a URN": (crs("urn:ogc:def:crs:EPSG::4547") + conversion(), {}, HERE, ""),
    "a CRS with its height system": (crs("EPSG:4547+5737") + conversion(), {}, HERE, ""),
    "a CRS by its full name": (crs("CGCS2000 / 3-degree Gauss-Kruger CM 114E") + conversion(), {}, HERE, ""),
    "millimetres with their scale": (CRS + conversion(rest="0.,$,$,0.001"), MM, HERE, ""),
    "millimetres without a scale": (CRS + conversion(), MM, HERE, "has no scale"),
    "millimetres with a scale of 1": (CRS + conversion(rest="0.,$,$,1."), MM, HERE, "its scale is 1"),
    "eastings in millimetres, blank scale": (
        CRS + conversion(f"{EAST * 1000},{NORTH * 1000}"), MM, HERE, "written in the model's unit",
    ),
    "a map unit of millimetres": (
        MAP_MILLIMETRE + crs("EPSG:4547", "#40") + conversion(f"{EAST * 1000},{NORTH * 1000}", "0.,$,$,1."),
        MM, HERE, "",
    ),
    "a foot model on a metre map": (CRS + conversion(rest="0.,$,$,0.3048"), {"unit": FOOT}, HERE, ""),
    "a metre model on a foot map": (
        crs("EPSG:2277") + conversion("3000000.,10100000.", "0.,$,$,3.2808333333"),
        {}, at_metres(2277, 3e6, 1.01e7), "",
    ),
    "a foot map counted in metres": (
        MAP_METRE + crs("EPSG:2277", "#40") + conversion(f"{3e6 * 1200 / 3937},{1.01e7 * 1200 / 3937}", "0.,$,$,1."),
        {}, at_metres(2277, 3e6, 1.01e7), "",
    ),
    "a grid factor beside the scale": (CRS + scaled("0.9999,0.9999,1."), {}, HERE, ""),
    "a rigid operation": (CRS + rigid(*lengths()), {}, HERE, ""),
    "two contexts that say the same": (CRS + conversion() + conversion(context=21, number=43), {}, HERE, ""),
    "two contexts, one with the defaults written out": (
        CRS + conversion() + conversion(rest="0.,1.,0.,$", context=21, number=43), {}, HERE, "",
    ),
    "two rigid operations that say the same": (
        CRS + rigid(*lengths()) + rigid(*lengths(), context=21, number=43), {}, HERE, "",
    ),
    "one of two contexts": (CRS + conversion(context=21), {}, HERE, ""),
    "a direction that is no unit vector": (CRS + conversion(rest="0.,2.,0.,$"), {}, HERE, "no unit vector"),
    "a system told by WKT": (
        f"#41=IFCPROJECTEDCRS('WKT',$,$,$,$,$,$);#43=IFCWELLKNOWNTEXT('{UTM}',#41);" + conversion("180000.,2495000."),
        {}, at_metres(32650, 180000.0, 2495000.0), "",
    ),
    "a name and the same system's WKT": (
        f"#41=IFCPROJECTEDCRS('EPSG:32650',$,$,$,$,$,$);#43=IFCWELLKNOWNTEXT('{UTM}',#41);"
        + conversion("180000.,2495000."),
        {}, at_metres(32650, 180000.0, 2495000.0), "",
    ),
    "a conversion above a site of an exporter's city": (
        CRS + conversion() + site("(42,21,31,181945)", "(-71,-3,-24,-263305)"), {}, HERE, "",
    ),
    "property sets in place of a conversion": (
        epset(f"'Eastings',$,IFCLENGTHMEASURE({EAST})", f"'Northings',$,IFCLENGTHMEASURE({NORTH})",
              "'Name',$,IFCLABEL('EPSG:4547')"), IFC2X3, HERE, "",
    ),
    "property sets spelt otherwise": (
        epset(f"'EASTINGS',$,IFCLENGTHMEASURE({EAST})", f"'northings',$,IFCREAL({NORTH})",
              "'name',$,IFCLABEL('EPSG:4547')", name="EPset_mapconversion", crs_name="EPSET_PROJECTEDCRS"),
        IFC2X3, HERE, "",
    ),
}  # fmt: skip

PLAIN_ANGLES = ("IFCPLANEANGLEMEASURE(1.98)", "IFCPLANEANGLEMEASURE(0.39)")
UNPLACED: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    "nothing": ("", {}, "no georeference of any kind"),
    "a CRS without its authority": (crs("4547") + conversion(), {}, "“4547” is no valid name"),
    "a code that does not exist": (crs("EPSG:99999") + conversion(), {}, "“EPSG:99999” is no valid name"),
    "an authority without a code": (crs("EPSG:") + conversion(), {}, "is no valid name"),
    "an empty name": (crs("") + conversion(), {}, "names no CRS"),
    "a local system": (crs("Local grid") + conversion(), {}, "is no valid name"),
    "a name near to one": (crs("UTM zone 50") + conversion(), {}, "is no valid name"),
    "a height system for a map": (crs("EPSG:5737") + conversion(), {}, "is no valid name"),
    "degrees for a map": (crs("EPSG:4490") + conversion("113.9,22.5"), {}, "EPSG:4490 is not a projected system"),
    "WKT that is none": (
        "#41=IFCPROJECTEDCRS('WKT',$,$,$,$,$,$);#43=IFCWELLKNOWNTEXT('PROJCS[',#41);" + conversion(),
        {}, "no valid name",
    ),
    "a name and another system's WKT": (
        f"#41=IFCPROJECTEDCRS('EPSG:4547',$,$,$,$,$,$);#43=IFCWELLKNOWNTEXT('{UTM}',#41);" + conversion(),
        {}, "two different systems",
    ),
    "eastings and northings exchanged": (CRS + conversion(f"{NORTH},{EAST}"), {}, "look exchanged"),
    "eastings with the zone in front": (CRS + conversion(f"38489000.,{NORTH}"), {}, "outside the area of use"),
    "eastings of another country": (CRS + conversion("489000.,5495000."), {}, "outside the area of use"),
    "an origin that nobody set": (crs("EPSG:3857") + conversion("0.,0."), {}, "the origin of EPSG:3857"),
    "a scale that is upside down": (CRS + conversion(rest="0.,$,$,1000."), MM, "scale 1000 .* does not fit its units"),
    "a scale of no unit": (CRS + conversion(rest="0.,$,$,7."), {}, "scale 7 .* does not fit its units"),
    "factors that stretch": (CRS + scaled("1.,2.,3."), {}, r"factors .*\(1, 2, 3\) would stretch"),
    "a factor on one axis": (CRS + scaled("1.001,1.,1."), {}, "would stretch"),
    "half a direction": (CRS + conversion(rest="0.,0.5,$,$"), {}, "rotation .* is incomplete"),
    "a direction of no length": (CRS + conversion(rest="0.,0.,0.,$"), {}, "rotation .* is incomplete"),
    "two contexts in two places": (
        CRS + conversion() + conversion("490000.,2495000.", context=21, number=43),
        {}, "2 different coordinate operations",
    ),
    "two contexts with two scales": (
        CRS + conversion(rest="0.,$,$,1.") + conversion(rest="0.,$,$,0.001", context=21, number=43), {},
        "2 different coordinate operations",
    ),
    "two rigid operations in two places": (
        CRS + rigid(*lengths()) + rigid(*lengths(490000.0), context=21, number=43),
        {}, "2 different coordinate operations",
    ),
    "a conversion and a rigid operation": (
        CRS + conversion() + rigid(*lengths(), context=21, number=43),
        {}, "2 different coordinate operations",
    ),
    "a rigid operation of angles": (CRS + rigid(*PLAIN_ANGLES), {}, "its coordinates are angles"),
    "a geographic system": (
        "#41=IFCGEOGRAPHICCRS('EPSG:4490',$,$,$,$,$);" + rigid(*PLAIN_ANGLES), {}, "may mean 113.44",
    ),
    "property sets without a system": (
        epset(f"'Eastings',$,IFCLENGTHMEASURE({EAST})", f"'Northings',$,IFCLENGTHMEASURE({NORTH})",
              "'Name',$,IFCLABEL('')"), IFC2X3, "names no CRS",
    ),
    "property sets without northings": (
        epset(f"'Eastings',$,IFCLENGTHMEASURE({EAST})", "'Name',$,IFCLABEL('EPSG:4547')"), IFC2X3,
        "lacks eastings or northings",
    ),
    "a site at 0,0": (site("(0,0,0)", "(0,0,0)"), IFC4, "no georeference of any kind"),
    "a site of an exporter's city": (site("(42,21,31,181945)", "(-71,-3,-24,-263305)"), IFC4, "default, Boston"),
    "a site somewhere": (site("(22,33,0)", "(113,54,0)"), IFC4, r"the site says 113\.900000,22\.550000"),
    "a site that is not on Earth": (site("(122,33,0)", "(113,54,0)"), IFC4, "no georeference of any kind"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACED)
def test_a_true_georeference_is_followed_to_the_centimetre(name: str) -> None:
    lines, options, expected, remark = PLACED[name]
    place, problems = find_place(lines, **options)
    assert (place.longitude, place.latitude) == pytest.approx(expected, abs=1e-7)
    said = [problem.what.en for problem in problems]
    assert any(remark in text for text in said) if remark else not said


@pytest.mark.parametrize("name", UNPLACED)
def test_a_georeference_that_cannot_be_believed_waits_for_a_person_with_its_reason(name: str) -> None:
    lines, options, reason = UNPLACED[name]
    with pytest.raises(UnplacedError, match=reason) as refusal:
        find_place(lines, **options)
    assert refusal.value.text.zh


def test_places_that_contradict_each_other_are_all_offered() -> None:
    lines, options, _ = UNPLACED["two contexts in two places"]
    with pytest.raises(UnplacedError) as refusal:
        find_place(lines, **options)
    first, second = refusal.value.candidates
    assert (first.longitude, first.latitude) == pytest.approx(HERE, abs=1e-7)
    assert (second.longitude - first.longitude) * 102_900 == pytest.approx(1000, abs=10)


def test_a_persons_word_ends_every_doubt_and_a_declared_crs_that_of_a_name() -> None:
    lines, options, _ = UNPLACED["a local system"]
    place, _ = find_place(lines, "EPSG:4547", **options)
    assert (place.longitude, place.latitude) == pytest.approx(HERE, abs=1e-7)
    with pytest.raises(RefusedError, match="contradicts"):
        find_place(CRS + conversion(), "EPSG:4546")


@pytest.mark.parametrize(("ratio", "heading"), [("1.,0.", 0.0), ("0.,1.", -90.0), ("-1.,0.", 180.0), ("1.,1.", -45.0)])
def test_the_direction_of_the_x_axis_turns_the_model(ratio: str, heading: float) -> None:
    place, _ = find_place(CRS + conversion(rest=f"0.,{ratio},$"))
    assert (place.heading_deg - heading + 180) % 360 - 180 == pytest.approx(0.0, abs=0.1)
