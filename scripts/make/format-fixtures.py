"""Writes Parquet and Arrow files of every type, and beside them what pyarrow reads of them: the oracle of the readers.

  python scripts/make/format-fixtures.py fixtures FOLDER         the files of test/fixtures/formats
  python scripts/make/format-fixtures.py random FOLDER SEED N    N files of random schemas
  python scripts/make/format-fixtures.py encrypted FOLDER        encrypted files, which are not read

Each file X comes with X.expected.jsonl: one object a row, {"id", "text", "metadata"}; a number of which every digit
counts is {"$n": "digits"}. Needs pyarrow (26 made those in the repository), and polars (2.1) for `fixtures`.
"""
import base64, datetime, decimal, json, math, os, random, struct, sys, uuid
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

UNIT = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def digits(nanoseconds):
    text = f"{nanoseconds:09d}"
    return text[:3] if text.endswith("000000") else text[:6] if text.endswith("000") else text


def timestamp(value, unit, utc):
    seconds, rest = divmod(value, UNIT[unit])
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    return f"{moment.isoformat()}.{digits(rest * (10**9 // UNIT[unit]))}{'Z' if utc else ''}"


def time_of_day(value, unit):
    seconds, rest = divmod(value, UNIT[unit])
    h, m, s = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{h:02d}:{m:02d}:{s:02d}.{digits(rest * (10**9 // UNIT[unit]))}"


def clock(nanoseconds, sign=""):
    seconds, rest = divmod(nanoseconds, 10**9)
    h, m, s = seconds // 3600, seconds // 60 % 60, seconds % 60
    tail = f"{rest:09d}".rstrip("0")
    last = f"{sign}{s}.{tail}S" if tail else f"{sign}{s}S" if s else ""
    return f"{f'{sign}{h}H' if h else ''}{f'{sign}{m}M' if m else ''}{last}"


def duration(value, unit):
    nanoseconds = value * (10**9 // UNIT[unit])
    days, rest = divmod(abs(nanoseconds), 86400 * 10**9)
    text = (f"{days}D" if days else "") + (f"T{clock(rest)}" if rest else "")
    return f"{'-' if nanoseconds < 0 else ''}P{text or 'T0S'}"


def interval(months, days, nanoseconds):
    years, left = int(months / 12), int(math.fmod(months, 12))
    date = (f"{years}Y" if years else "") + (f"{left}M" if left else "") + (f"{days}D" if days else "")
    part = clock(abs(nanoseconds), "-" if nanoseconds < 0 else "")
    text = date + (f"T{part}" if part else "")
    return f"P{text}" if text else "PT0S"


def of_bytes(value):
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def key_text(value):
    if isinstance(value, dict):
        return value["$n"]
    return value if isinstance(value, str) else json.dumps(value)


def meaning(scalar):
    """What a value means, as the readers of Sluice say it."""
    t = scalar.type
    if isinstance(scalar, pa.ExtensionScalar):
        if t.extension_name == "arrow.uuid":
            return None if scalar.value is None else str(uuid.UUID(bytes=scalar.value.as_py()))
        if t.extension_name == "arrow.bool8":
            return None if scalar.value is None or scalar.value.as_py() is None else scalar.value.as_py() != 0
        return None if scalar.value is None else meaning(scalar.value)
    if not scalar.is_valid:
        return None
    if pa.types.is_union(t):
        return meaning(scalar.value)
    if pa.types.is_dictionary(t):
        return meaning(scalar.value)
    if pa.types.is_run_end_encoded(t):
        return meaning(scalar.value) if hasattr(scalar, "value") else plain(scalar.as_py())
    if pa.types.is_decimal(t):
        return {"$n": format(scalar.as_py(), "f")}
    if pa.types.is_timestamp(t):
        return timestamp(scalar.value, t.unit, t.tz is not None)
    if pa.types.is_time(t):
        return time_of_day(scalar.value, t.unit)
    if pa.types.is_date(t):
        return scalar.as_py().isoformat()
    if pa.types.is_duration(t):
        return duration(scalar.value, t.unit)
    if t == pa.month_day_nano_interval():
        v = scalar.as_py()
        return interval(v.months, v.days, v.nanoseconds)
    if pa.types.is_map(t):
        entries = {}
        for entry in scalar.values:
            entries[key_text(meaning(entry[t.key_field.name]))] = meaning(entry[t.item_field.name])
        return entries
    if pa.types.is_struct(t):
        return {name: meaning(scalar[i]) for i, name in enumerate(f.name for f in t)}
    if isinstance(scalar, pa.ListScalar) or hasattr(scalar, "values"):
        return [meaning(v) for v in scalar.values]
    return plain(scalar.as_py())


def plain(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return {"$n": str(value)}
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return of_bytes(value)
    raise TypeError(type(value))


def expected(table, path):
    """Writes what the rows of a table are as documents."""
    with open(f"{path}.expected.jsonl", "w", encoding="utf-8") as out:
        for row in range(table.num_rows):
            values = {name: meaning(table.column(i)[row]) for i, name in enumerate(table.column_names)}
            document = {"id": values.pop("id"), "text": values.pop("text"), "metadata": values}
            out.write(json.dumps(document, ensure_ascii=False) + "\n")


def columns_of(n, arrow):
    """Columns of every type, n rows; `arrow`: those that Parquet has no place for too."""
    def some(make):
        return [None if i % 7 == 3 else make(i) for i in range(n)]

    d = decimal.Decimal
    columns = {
        "id": pa.array([f"d{i}" for i in range(n)]),
        "text": pa.array([f"Text number {i}. Zażółć gęślą jaźń; the river runs past the old mill." for i in range(n)]),
        "bool": pa.array(some(lambda i: i % 2 == 0)),
        "double": pa.array(some(lambda i: [0.1, -1.5e300, float("nan"), float("inf"), 5e-324][i % 5]), pa.float64()),
        "float": pa.array(some(lambda i: i / 3), pa.float32()),
        "half": pa.array(some(lambda i: [0.5, -2.0, 65504.0, 6e-8][i % 4]), pa.float16()),
        "big": pa.array(some(lambda i: 2**63 - 1 - i), pa.int64()),
        "unsigned": pa.array(some(lambda i: 2**64 - 1 - i), pa.uint64()),
        "unsigned32": pa.array(some(lambda i: 2**32 - 1 - i), pa.uint32()),
        "tiny": pa.array(some(lambda i: -128 + i), pa.int8()),
        "short": pa.array(some(lambda i: 65535 - i), pa.uint16()),
        "decimal": pa.array(
            some(lambda i: d(f"{'-' if i % 2 else ''}{i}12345678901234567890.123450")), pa.decimal128(38, 6)
        ),
        "decimal_small": pa.array(some(lambda i: d(i) / 100), pa.decimal128(9, 2)),
        "decimal_wide": pa.array(some(lambda i: d(f"{10**40 + i}.5")), pa.decimal256(60, 1)),
        "day": pa.array(some(lambda i: -719162 + i * 20000), pa.date32()),
        "day_ms": pa.array(some(lambda i: (i - 5) * 86400000), pa.date64()),
        "time_s": pa.array(some(lambda i: i * 3601), pa.time32("s")),
        "time_ns": pa.array(some(lambda i: i * 3601 * 10**9 + i), pa.time64("ns")),
        "time_us": pa.array(some(lambda i: i * 3601 * 10**6 + i), pa.time64("us")),
        "at_s": pa.array(some(lambda i: -i * 10**8), pa.timestamp("s")),
        "at_ms": pa.array(some(lambda i: i * 10**11 + i), pa.timestamp("ms", "UTC")),
        "at_us": pa.array(some(lambda i: i * 10**14 + i), pa.timestamp("us", "Europe/Warsaw")),
        "at_ns": pa.array(some(lambda i: -i * 10**17 + i), pa.timestamp("ns")),
        "lasts": pa.array(some(lambda i: (i - 5) * 90061001), pa.duration("ms")),
        "lasts_ns": pa.array(some(lambda i: (i - 5) * 10**13 + i), pa.duration("ns")),
        "bytes": pa.array(some(lambda i: bytes([255, i]) if i % 2 else b"plain"), pa.binary()),
        "bytes_large": pa.array(some(lambda i: b"x" * i), pa.large_binary()),
        "fixed": pa.array(some(lambda i: struct.pack("<I", i * 2**24)), pa.binary(4)),
        "text_large": pa.array(some(lambda i: "ż" * i), pa.large_string()),
        "list": pa.array(some(lambda i: [None if k == 1 else k for k in range(i % 4)]), pa.list_(pa.int32())),
        "list_large": pa.array(some(lambda i: [f"t{k}" for k in range(i % 3)]), pa.large_list(pa.string())),
        "lists": pa.array(some(lambda i: [[1], None, [], [i, None]][: i % 5]), pa.list_(pa.list_(pa.int64()))),
        "fixed_list": pa.array(some(lambda i: [i, None, 0.5]), pa.list_(pa.float64(), 3)),
        "struct": pa.array(
            some(lambda i: {"a": i, "b": None if i % 2 else {"c": [f"x{i}"]}}),
            pa.struct([("a", pa.int16()), ("b", pa.struct([("c", pa.list_(pa.string()))]))]),
        ),
        "structs": pa.array(
            some(lambda i: [{"k": k, "v": None if k else "v"} for k in range(i % 3)]),
            pa.list_(pa.struct([("k", pa.int32()), ("v", pa.string())])),
        ),
        "map": pa.array(some(lambda i: [("url", i), ("lang", None)][: i % 3]), pa.map_(pa.string(), pa.int64())),
        "map_numbers": pa.array(
            some(lambda i: [(i, ["a"]), (-i - 1, None)]), pa.map_(pa.int32(), pa.list_(pa.string()))
        ),
        "dictionary": pa.array(some(lambda i: ["en", "de", "pl"][i % 3])).dictionary_encode(),
        "uuid": pa.ExtensionArray.from_storage(
            pa.uuid(), pa.array(some(lambda i: uuid.UUID(int=i * 10**30).bytes), pa.binary(16))
        ),
        "none": pa.nulls(n),
    }
    if not arrow:
        return columns
    ends = pa.array([3, 5, n], pa.int32())
    children = [pa.array(range(n), pa.int32()), pa.array([f"u{i}" for i in range(n)])]
    kinds = pa.array([i % 2 for i in range(n)], pa.int8())
    return {
        **columns,
        "interval": pa.array(some(lambda i: (i - 14, -i, i * 10**9 + 5)), pa.month_day_nano_interval()),
        "view": pa.array(some(lambda i: "long and longer and longer " * (i % 3)), pa.string_view()),
        "view_bytes": pa.array(some(lambda i: bytes([254]) * i), pa.binary_view()),
        "list_view": pa.array(some(lambda i: list(range(i % 4))), pa.list_view(pa.int32())),
        "list_view_large": pa.array(some(lambda i: [f"v{i}"]), pa.large_list_view(pa.string())),
        "runs": pa.RunEndEncodedArray.from_arrays(ends, pa.array(["en", None, "de"])),
        "union": pa.UnionArray.from_sparse(kinds, children),
        "union_dense": pa.UnionArray.from_dense(kinds, pa.array([i // 2 for i in range(n)], pa.int32()), children),
        "dictionary64": pa.DictionaryArray.from_arrays(
            pa.array([i % 2 for i in range(n)], pa.int64()), pa.array(["x", "y"])
        ),
        "bool8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array(some(lambda i: i % 3), pa.int8())),
        "decimal32": pa.array(some(lambda i: decimal.Decimal(i) / 10), pa.decimal32(7, 1)),
        "decimal64": pa.array(some(lambda i: decimal.Decimal(-i) / 1000), pa.decimal64(15, 3)),
    }


def write_arrow(table, path, stream=False, compression=None, rows=None):
    options = ipc.IpcWriteOptions(compression=compression)
    make = ipc.new_stream if stream else ipc.new_file
    with make(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)


def read_arrow(path):
    with open(path, "rb") as f:
        head = f.read(6)
    return (ipc.open_file if head == b"ARROW1" else ipc.open_stream)(path).read_all()


def fixtures(folder):
    os.makedirs(folder, exist_ok=True)
    at = lambda name: os.path.join(folder, name)
    table = pa.table(columns_of(10, True))
    for name, options in {
        "types.arrow": {},
        "types-stream.arrows": {"stream": True, "rows": 5},
        "types-lz4.arrow": {"compression": "lz4", "rows": 9},
        "types-zstd.arrows": {"compression": "zstd", "stream": True},
    }.items():
        write_arrow(table, at(name), **options)
        expected(read_arrow(at(name)), at(name))
    table = pa.table(columns_of(10, False))
    for name, options in {
        "types.parquet": {"compression": "none"},
        "types-v2.parquet": {"compression": "zstd", "data_page_version": "2.0", "row_group_size": 7},
        "types-lz4.parquet": {"compression": "lz4", "use_dictionary": False, "data_page_size": 64},
        "types-brotli.parquet": {
            "compression": "brotli", "data_page_version": "2.0", "use_dictionary": False, "data_page_size": 64
        },
        "types-1.0.parquet": {"compression": "gzip", "version": "1.0", "use_deprecated_int96_timestamps": True},
    }.items():
        pq.write_table(table, at(name), **{"store_decimal_as_integer": name == "types-v2.parquet", **options})
        read = pq.read_table(at(name))
        if "int96" in str(options):
            # Times of 96 bits are in UTC by convention; pyarrow leaves the zone open.
            utc = lambda f: f.with_type(pa.timestamp("ns", "UTC")) if pa.types.is_timestamp(f.type) else f
            read = read.cast(pa.schema([utc(f) for f in read.schema]))
        expected(read, at(name))
    n = 120
    flat = pa.table({
        "id": [f"d{i}" for i in range(n)],
        "text": [f"Row {i} of the mill" for i in range(n)],
        "i32": pa.array([None if i % 11 == 3 else i * 7919 % 100000 - 50000 for i in range(n)], pa.int32()),
        "i64": pa.array([(-1) ** i * (i * 10**15) for i in range(n)], pa.int64()),
        "f32": pa.array([i / 7 for i in range(n)], pa.float32()),
        "f64": pa.array([None if i % 5 == 2 else math.sin(i) for i in range(n)], pa.float64()),
        "b": pa.array([i % 3 == 0 for i in range(n)]),
        "fix": pa.array([struct.pack(">Q", i)[2:] for i in range(n)], pa.binary(6)),
    })
    encodings = {"id": "DELTA_BYTE_ARRAY", "text": "DELTA_LENGTH_BYTE_ARRAY",
                 "i32": "DELTA_BINARY_PACKED", "i64": "DELTA_BINARY_PACKED", "f32": "BYTE_STREAM_SPLIT",
                 "f64": "BYTE_STREAM_SPLIT", "b": "RLE", "fix": "BYTE_STREAM_SPLIT"}
    for version in ("1.0", "2.0"):
        name = f"encodings-{version}.parquet"
        pq.write_table(flat, at(name), use_dictionary=False, column_encoding=encodings, data_page_version=version,
                       data_page_size=512)
        expected(pq.read_table(at(name)), at(name))
    polars_fixtures(at)


def polars_fixtures(at):
    import polars as pl
    frame = pl.DataFrame({
        "id": [f"d{i}" for i in range(6)],
        "text": [f"Text number {i}. The river runs past the old mill." for i in range(6)],
        "category": pl.Series(["en", "de", None, "en", "pl", "de"], dtype=pl.Categorical),
        "price": pl.Series([decimal.Decimal("1.50")] * 6, dtype=pl.Decimal(20, 2)),
        "tags": [["a"], [], None, ["b", None], ["c"], ["d"]],
        "at": [datetime.datetime(2024, 2, 29, 12, 34, 56, 789123)] * 6,
        "lasts": [datetime.timedelta(seconds=1.5)] * 6,
        "point": [{"x": i, "y": None} for i in range(6)],
    })
    for name, options in {"polars.arrow": {}, "polars-lz4.arrow": {"compression": "lz4"}}.items():
        frame.write_ipc(at(name), **options)
        expected(read_arrow(at(name)), at(name))
    frame.write_ipc_stream(at("polars.arrows"))
    expected(read_arrow(at("polars.arrows")), at("polars.arrows"))
    frame.write_parquet(at("polars.parquet"))
    expected(pq.read_table(at("polars.parquet")), at("polars.parquet"))


LEAVES = [pa.bool_(), pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(),
          pa.uint64(), pa.float32(), pa.float64(), pa.string(), pa.large_string(), pa.binary(), pa.binary(5),
          pa.date32(), pa.time32("ms"), pa.time64("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns"),
          pa.timestamp("ms"), pa.duration("us"), pa.decimal128(20, 4), pa.decimal128(5, 0)]


def random_type(rng, depth):
    pick = rng.random()
    if depth == 0 or pick < 0.5:
        return rng.choice(LEAVES)
    if pick < 0.68:
        return pa.list_(random_type(rng, depth - 1))
    if pick < 0.85:
        member = lambda i: pa.field(f"m{i}", random_type(rng, depth - 1), nullable=rng.random() < 0.8)
        return pa.struct([member(i) for i in range(rng.randint(1, 3))])
    if pick < 0.95:
        return pa.map_(rng.choice([pa.string(), pa.int32()]), random_type(rng, depth - 1))
    return pa.list_(random_type(rng, 0), rng.randint(1, 3))


def random_value(rng, t, nullable=True):
    if nullable and rng.random() < 0.2:
        return None
    if pa.types.is_map(t):
        keys = rng.sample(range(1000), rng.randint(0, 3))
        return [(f"k{k}" if pa.types.is_string(t.key_type) else k, random_value(rng, t.item_type)) for k in keys]
    if pa.types.is_struct(t):
        return {f.name: random_value(rng, f.type, f.nullable) for f in t}
    if pa.types.is_fixed_size_list(t):
        return [random_value(rng, t.value_type) for _ in range(t.list_size)]
    if pa.types.is_list(t):
        return [random_value(rng, t.value_type) for _ in range(rng.choice([0, 1, 2, 5]))]
    if pa.types.is_boolean(t):
        return rng.random() < 0.5
    if pa.types.is_integer(t):
        signed = pa.types.is_signed_integer(t)
        bits = t.bit_width - (1 if signed else 0)
        return rng.randint(-(2**bits) if signed else 0, 2**bits - 1) if rng.random() < 0.5 else rng.randint(0, 9)
    if pa.types.is_floating(t):
        value = rng.choice([0.0, -1.25, math.nan, math.inf, rng.uniform(-1e9, 1e9), 1e-30])
        return struct.unpack("<f", struct.pack("<f", value))[0] if t == pa.float32() else value
    if pa.types.is_string(t) or pa.types.is_large_string(t):
        return rng.choice(["", "ż", "a\"b\\", "long " * rng.randint(1, 40), f"v{rng.randint(0, 5)}"])
    if pa.types.is_fixed_size_binary(t):
        return rng.randbytes(t.byte_width)
    if pa.types.is_binary(t):
        return rng.randbytes(rng.randint(0, 8))
    if pa.types.is_decimal(t):
        return decimal.Decimal(rng.randint(-(10**t.precision) + 1, 10**t.precision - 1)).scaleb(-t.scale)
    if pa.types.is_date(t):
        return rng.randint(-700000, 2900000)
    if pa.types.is_time(t):
        return rng.randrange(86400 * UNIT[t.unit])
    if pa.types.is_duration(t) or pa.types.is_timestamp(t):
        return rng.randint(-(10**9) * UNIT[t.unit], 2 * 10**9 * UNIT[t.unit])
    raise TypeError(t)


def random_files(folder, seed, count):
    """Files of random schemas, packings, pages and row groups."""
    os.makedirs(folder, exist_ok=True)
    for number in range(count):
        rng = random.Random(seed * 100003 + number)
        n = rng.choice([1, 7, 60, 400])
        columns = {"id": pa.array([f"d{i}" for i in range(n)]), "text": pa.array([f"Text {i}" for i in range(n)])}
        for c in range(rng.randint(1, 6)):
            t = random_type(rng, 3)
            columns[f"c{c}"] = pa.array([random_value(rng, t) for _ in range(n)], t)
        table = pa.table(columns)
        path = os.path.join(folder, f"{number}.{rng.choice(['parquet', 'parquet', 'arrow', 'arrows'])}")
        if path.endswith("parquet"):
            try:
                pq.write_table(table, path, compression=rng.choice(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
                               data_page_version=rng.choice(["1.0", "2.0"]), use_dictionary=rng.random() < 0.5,
                               row_group_size=rng.choice([3, 50, 1000]), data_page_size=rng.choice([32, 1024, 2**20]),
                               write_batch_size=rng.choice([1, 16, 1024]), store_schema=rng.random() < 0.8,
                               write_page_index=rng.random() < 0.3)
                expected(pq.read_table(path), path)
                continue
            except pa.ArrowException as error:
                # What pyarrow cannot write or read itself, it can as Arrow.
                print(f"{path}: {error}".split("\n")[0], file=sys.stderr)
                os.remove(path)
                path = f"{path[:-7]}arrow"
        write_arrow(table, path, path.endswith("s"), rng.choice([None, "lz4", "zstd"]), rng.choice([5, 1000]))
        expected(read_arrow(path), path)


def encrypted(folder):
    """Modular encryption of Parquet: the footer too, all columns, and one column that is not the text."""
    import pyarrow.parquet.encryption as pe

    class Keys(pe.KmsClient):
        def __init__(self, config):
            super().__init__()

        def wrap_key(self, key, name):
            return base64.b64encode(key)

        def unwrap_key(self, key, name):
            return base64.b64decode(key)

    rows = range(6)
    table = pa.table({"id": [f"d{i}" for i in rows], "text": [f"Text {i}." for i in rows], "n": list(rows)})
    factory, kms = pe.CryptoFactory(Keys), pe.KmsConnectionConfig()
    for name, columns, plain in [("footer", ["text"], False), ("text", ["text"], True), ("number", ["n"], True)]:
        config = pe.EncryptionConfiguration(footer_key="f", column_keys={"k": columns}, plaintext_footer=plain)
        properties = factory.file_encryption_properties(kms, config)
        with pq.ParquetWriter(f"{folder}/{name}.parquet", table.schema, encryption_properties=properties) as writer:
            writer.write_table(table)


if __name__ == "__main__":
    if sys.argv[1] == "fixtures":
        fixtures(sys.argv[2])
    elif sys.argv[1] == "encrypted":
        encrypted(sys.argv[2])
    else:
        random_files(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
