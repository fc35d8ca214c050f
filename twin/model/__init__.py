# SPDX-License-Identifier: Apache-2.0
"""The tables. Importing this package registers every one of them on `Table.metadata`."""

from twin.home import OUTSIDE
from twin.model.access import AccessToken, OrganisationGrant, RoleGrant
from twin.model.account import Account, AccountSession, OidcFlow, OidcMapping
from twin.model.address import (
    Address,
    AddressAlias,
    BusinessFeature,
    BusinessLayer,
    BusinessLayerVersion,
    LoadEnd,
    PlacementReview,
    PlaceName,
)
from twin.model.audit import AuditArchive, AuditEntry
from twin.model.bim import Element, Model, ModelVersion, Tileset
from twin.model.bim_semantics import (
    ElementClassification,
    ElementType,
    ModelBuilding,
    ModelMatch,
    ModelMaterial,
    ModelMember,
    ModelPort,
    ModelRule,
    ModelSpace,
    ModelStorey,
    ModelSystem,
    ModelUnit,
    ModelZone,
)
from twin.model.block import Block, BlockLineage, BlockLink, BlockName, BlockScheme, FeatureBlock
from twin.model.change import Change, CommitTime, LayerKind
from twin.model.city import Building, IndustrialPark, Road, UrbanVillage
from twin.model.correction import FeatureEdit, Proposal
from twin.model.dataset import Dataset, DatasetBlock, DatasetKind
from twin.model.export import ExportRecord
from twin.model.fact import BlockFact, BlockFactChange, BlockFactDelta, Calendar, Measure, Pillar
from twin.model.house import CodeForm, Storey, Unit
from twin.model.idempotency import IdempotencyKey
from twin.model.incident import EventType, Incident
from twin.model.inspection import Hazard, HazardAction, Inspection, Photo, PhotoUse
from twin.model.job import JobProgress, Upload
from twin.model.load import Load, LoadReject, PurgeRecord
from twin.model.planning import HeightLimit, Parcel
from twin.model.quality import QualityIssue
from twin.model.register import Component, LegalEntity
from twin.model.survey import RentalSpace, SurveyResponse, SurveyRound
from twin.model.table import STORAGE_SRID, FeatureColumns, Table
from twin.model.target import Target
from twin.model.tile_cell import TileCell, TilePyramid
from twin.model.webhook import Webhook

__all__ = [
    "OUTSIDE",
    "STORAGE_SRID",
    "AccessToken",
    "Account",
    "AccountSession",
    "Address",
    "AddressAlias",
    "AuditArchive",
    "AuditEntry",
    "Block",
    "BlockFact",
    "BlockFactChange",
    "BlockFactDelta",
    "BlockLineage",
    "BlockLink",
    "BlockName",
    "BlockScheme",
    "Building",
    "BusinessFeature",
    "BusinessLayer",
    "BusinessLayerVersion",
    "Calendar",
    "Change",
    "CodeForm",
    "CommitTime",
    "Component",
    "Dataset",
    "DatasetBlock",
    "DatasetKind",
    "Element",
    "ElementClassification",
    "ElementType",
    "EventType",
    "ExportRecord",
    "FeatureBlock",
    "FeatureColumns",
    "FeatureEdit",
    "Hazard",
    "HazardAction",
    "HeightLimit",
    "IdempotencyKey",
    "Incident",
    "IndustrialPark",
    "Inspection",
    "JobProgress",
    "LayerKind",
    "LegalEntity",
    "Load",
    "LoadEnd",
    "LoadReject",
    "Measure",
    "Model",
    "ModelBuilding",
    "ModelMatch",
    "ModelMaterial",
    "ModelMember",
    "ModelPort",
    "ModelRule",
    "ModelSpace",
    "ModelStorey",
    "ModelSystem",
    "ModelUnit",
    "ModelVersion",
    "ModelZone",
    "OidcFlow",
    "OidcMapping",
    "OrganisationGrant",
    "Parcel",
    "Photo",
    "PhotoUse",
    "Pillar",
    "PlaceName",
    "PlacementReview",
    "Proposal",
    "PurgeRecord",
    "QualityIssue",
    "RentalSpace",
    "Road",
    "RoleGrant",
    "Storey",
    "SurveyResponse",
    "SurveyRound",
    "Table",
    "Target",
    "TileCell",
    "TilePyramid",
    "Tileset",
    "Unit",
    "Upload",
    "UrbanVillage",
    "Webhook",
]
