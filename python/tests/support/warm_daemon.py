"""Spark's Python daemon, with what every worker imports already imported: its workers are forks of it."""

import pyspark.sql.worker.plan_data_source_read
import pyspark.worker
import tracewire.spark
from pyspark.daemon import manager

assert tracewire.spark and pyspark.worker and pyspark.sql.worker.plan_data_source_read

if __name__ == "__main__":
    manager()
