"""Pictures of networks: what is in them, and that nothing lies on anything else."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onepath as op
from onepath.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    Graph,
    ReLU,
    Residual,
)
from onepath.training.layered import place

SVG = "{http://www.w3.org/2000/svg}"


def network():
    main = [Conv2D(3, 3, padding="same", name="main"), BatchNormalization()]
    model = op.Sequential(
        [Residual(op.layers.Sequential(main)), ReLU(), Flatten(), Dense(7, name="<classes>")]
    )
    model.build((3, 4, 4))
    return model


def texts(diagram):
    return ["".join(t.itertext()) for t in ElementTree.fromstring(diagram).iter(f"{SVG}text")]


def test_what_is_written():
    found = texts(op.plot_model(network()))
    for text in ("input", "3 x 4 x 4", "Conv2D", "main", "3 x 4 x 4 · 84 parameters", "Add"):
        assert text in found
    assert "7 · 343 parameters" in found
    assert "<classes>" in found
    assert "flatten" not in found  # a name that says no more than the kind


def test_a_line_for_each_thing_taken():
    root = ElementTree.fromstring(op.plot_model(network()))
    assert len(root.findall(f"{SVG}rect")) == 7
    assert len(root.findall(f"{SVG}path")) == 7


def test_frozen_layers_have_a_broken_frame():
    model = network()
    before = op.plot_model(model)
    model.layer.layers[-1].trainable = False
    assert 'class="frozen"' not in before
    assert op.plot_model(model).count('class="frozen"') == 1


def test_graphs_with_several_ends():
    nodes = {
        "a": (Dense(3), "x"),
        "sum": (Add(), ["a", "y"]),
        "all": (Concatenate(), ["sum", "x", "y"]),
    }
    graph = Graph(["x", "y"], nodes, ["sum", "all"])
    graph.build(((3,), (3,)))
    found = texts(op.plot_model(graph))
    assert {"x", "y", "sum", "all", "9"} <= set(found)


def test_file(tmp_path):
    path = tmp_path / "model.svg"
    diagram = op.plot_model(network(), path)
    assert path.read_text(encoding="utf-8") == diagram == diagram._repr_svg_()
    assert [each.name for each in tmp_path.iterdir()] == ["model.svg"]
    with pytest.raises(FileNotFoundError):
        op.plot_model(network(), tmp_path / "no" / "model.svg")


def test_a_model_that_is_not_built():
    with pytest.raises(RuntimeError, match=r"is not built: call build\(input_shape\) or fit"):
        op.plot_model(op.Sequential([Dense(3)]))


@st.composite
def pictures(draw):
    widths = draw(st.lists(st.floats(20, 200), min_size=1, max_size=12))
    edges = {
        (source, target)
        for target in range(1, len(widths))
        for source in draw(st.sets(st.integers(0, target - 1), max_size=3))
    }
    return widths, sorted(edges)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(picture=pictures())
def test_lines_lead_down_and_nothing_overlaps(picture):
    widths, edges = picture
    places, ways, size = place(widths, edges, apart=10, row=50)
    for i, (x, y) in enumerate(places):
        assert x - widths[i] / 2 >= -1e-6
        assert x + widths[i] / 2 <= size[0] + 1e-6
        assert 0 <= y <= size[1]
        for j in range(i):
            if places[j][1] == y:
                assert abs(places[j][0] - x) >= (widths[i] + widths[j]) / 2 + 10 - 1e-6
    assert set(ways) == set(edges)
    for (source, target), way in ways.items():
        assert (way[0], way[-1]) == (places[source], places[target])
        rows = [y for _, y in way]
        assert rows == [rows[0] + 50 * k for k in range(len(rows))]
        assert len(rows) > 1
        for x, y in way[1:-1]:
            for i, (other, its) in enumerate(places):
                if its == y:
                    assert abs(other - x) >= widths[i] / 2 + 10 - 1e-6
