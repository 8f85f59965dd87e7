"""One bucket of an S3 server: its address, the requests, what they may end in, and how the bucket is kept safe.

The files (`adapters.blobs.s3`) and the ledger's public tiles (`adapters.ledger.publisher_s3`) lie in it.
"""
