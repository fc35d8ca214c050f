# SPDX-License-Identifier: Apache-2.0
"""The tables. Importing this package registers every one of them on `Table.metadata`."""

from twin.model.access import AccessToken, RoleGrant
from twin.model.bim import Element, Model, ModelVersion, Tileset
from twin.model.block import Block, BlockScheme, FeatureBlock
from twin.model.change import Change, LayerKind
from twin.model.city import Building, IndustrialPark, Road, UrbanVillage
from twin.model.incident import EventType, Incident
from twin.model.job import JobProgress, Upload
from twin.model.load import Load, LoadReject
from twin.model.table import OUTSIDE, STORAGE_SRID, TILE_SRID, FeatureColumns, Table

__all__ = [
    "OUTSIDE",
    "STORAGE_SRID",
    "TILE_SRID",
    "AccessToken",
    "Block",
    "BlockScheme",
    "Building",
    "Change",
    "Element",
    "EventType",
    "FeatureBlock",
    "FeatureColumns",
    "Incident",
    "IndustrialPark",
    "JobProgress",
    "LayerKind",
    "Load",
    "LoadReject",
    "Model",
    "ModelVersion",
    "Road",
    "RoleGrant",
    "Table",
    "Tileset",
    "Upload",
    "UrbanVillage",
]
