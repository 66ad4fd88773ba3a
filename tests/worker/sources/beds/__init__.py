"""Test beds: read each server by an independent client, and make it refuse a load."""

from tests.worker.sources.beds.base import Bed
from tests.worker.sources.beds.kafka import KafkaBed
from tests.worker.sources.beds.mongodb import MongoDBBed
from tests.worker.sources.beds.mysql import MySQLBed
from tests.worker.sources.beds.neo4j import Neo4jBed
from tests.worker.sources.beds.postgresql import PostgreSQLBed

BEDS: tuple[Bed, ...] = (MySQLBed(), PostgreSQLBed(), MongoDBBed(), KafkaBed(), Neo4jBed())
