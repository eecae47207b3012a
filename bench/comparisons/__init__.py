"""The comparisons, in the order they run."""

from comparisons import als, choose_k, features, kmeans, large, pipeline, silhouette, top_n

ALL = {
    "kmeans": kmeans.compare,
    "silhouette": silhouette.compare,
    "choose-k": choose_k.compare,
    "als-64": als.compare_64,
    "als-128": als.compare_128,
    "top-n": top_n.compare,
    "features": features.compare,
    "pipeline": pipeline.compare,
    "large": large.compare,
}
