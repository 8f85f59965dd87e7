"""Real servers for the tests: PostgreSQL, an S3 store (MinIO) and Elasticsearch, found or started.

`plugin` has the fixtures, `__main__` the command. A server is taken from an address given (TEST_POSTGRES_URL,
TEST_S3_URL, TEST_ELASTICSEARCH_URL), from the project's containers, or from local packages, in this order.
"""
