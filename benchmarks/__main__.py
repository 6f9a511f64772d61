"""`make bench`: every benchmark, one after the other."""

from benchmarks import serving

if __name__ == "__main__":
    serving.main()
