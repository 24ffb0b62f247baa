"""The deployed topology, one small file a stage: topic in, domain call, topic out. app.py runs the stages."""
