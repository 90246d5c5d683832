"""Ten labeling functions for "Which library is this from?", as somebody writes them who knows the libraries.

They come from the guidelines, from common knowledge and from a look at what they match; nothing that the demo knows to be right
went into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from config.demo.docstrings import installed
from config.demo.plan import Written

Rule = dict[str, Any]
FIELDS = ["text"]


def functions() -> list[Written]:
    """The ten, without what they say of libraries that are not installed."""
    there = {library.label for library in installed()}
    found = [_about(there, one) for one in (NAMES, PROPER, *TOPICS)]
    return [one for one in found if one.definition[_part(one)]]


def _about(there: set[str], one: Written) -> Written:
    kept = [rule for rule in one.definition[_part(one)] if rule["label"] in there]
    tests = [(text, label) for text, label in one.tests if label is None or label in there]
    return replace(one, definition=one.definition | {_part(one): kept}, tests=tests)


def _part(one: Written) -> str:
    return "entries" if one.kind == "lookup" else "rules"


def _topic(name: str, description: str, tests: Sequence[tuple[str, str | None]], **terms: str) -> Written:
    """Keywords of each library, with commas between them; behind a `!` what must not be there. The first that fits is said."""
    rules = []
    for label, words in terms.items():
        wanted, _, unwanted = words.partition("!")
        rule: Rule = {"label": label, "any": _listed(wanted)}
        rules.append(rule | ({"not": _listed(unwanted)} if unwanted else {}))
    return Written(name, description, "keywords", {"fields": FIELDS, "rules": rules}, tests)


def _listed(words: str) -> list[str]:
    return [" ".join(word.split()) for word in words.split(",")]


NAMES = Written(
    "Imports and ways of writing",
    "Prefixes in examples, roles of documentation tools, and headings as one library alone writes them.",
    "pattern",
    {
        "fields": FIELDS,
        "case": True,
        "rules": [
            {"label": "sympy", "pattern": r"\bsympy\b|SymPy|(?m)^={5,}$"},
            {"label": "torch", "pattern": r"\b_?torch\b|PyTorch|DTensor|(?m)^\s*(?:Args|Returns|Arguments|Inputs?|Shape):\s*$"},
            {"label": "networkx", "pattern": r"\bnx\.|\b[Nn]etwork[Xx]\b|\bG\b.*\bgraph\b"},
            {"label": "matplotlib", "pattern": r"\bplt\.|matplotlib|\brcParams|`[.~]\.?[A-Z]\w*`|, default: "},
            {"label": "django", "pattern": r"\b[Dd]jango\b|QuerySet|\bSQL\b|#\d{5}"},
            {"label": "sklearn", "pattern": r"\b(?:sklearn|scikit-learn)\b|\bn_(?:samples|features|classes)\b|\bNon-regression test|versionadded:: [01]\.\d\d\b"},
            {"label": "scipy", "pattern": r"\b[Ss]ci[Pp]y\b|\bSPARSE\b"},
            {"label": "numpy", "pattern": r"\bgh-\d+|\b[Nn]um[Pp]y\b|\bnp\.(?:ma|lib|char|random|polynomial)\b"},
        ],
    },
    [
        (">>> from sympy import Symbol", "sympy"),
        ("Moves it to torch.device.", "torch"),
        ("Closes the file.", None),
    ],
)  # fmt: skip

_PROPER = {
    "stdlib": "asyncio tkinter Tcl Tk urllib smtplib unittest doctest pickle pdb RFC IMAP POP3 SMTP FTP telnet MIME PEP "
    "zipfile tarfile gzip stdin stdout stderr argparse configparser getopt curses DOM SAX Expat XML-RPC turtle TurtleScreen "
    "Unix Windows macOS Posix bytecode coroutine",
    "torch": "CUDA NCCL Triton ONNX Inductor Dynamo FSDP AOTAutograd autograd TorchScript cuDNN MPS XPU ROCm GPU GPUs "
    "Cutlass GEMM FX Proxy IR dataloader",
    "django": "PostGIS PostgreSQL MySQL SQLite Oracle MariaDB GDAL GEOS SRID CSRF WSGI ASGI Memcached Redis HttpResponse "
    "HttpRequest i18n favicon",
    "scipy": "QUADPACK ARPACK HiGHS Qhull ODEPACK FITPACK SuperLU COBYLA SLSQP Bessel Voronoi Delaunay Kolmogorov Wilcoxon "
    "Butterworth Chebyshev L-BFGS-B Runge-Kutta ODE IIR FIR CSR CSC",
    "sklearn": "KMeans DBSCAN Lasso SVC SVM Perceptron AdaBoost OneHotEncoder GridSearchCV PCA LogisticRegression "
    "RandomForest t-SNE LDA tf-idf ROC AUC",
    "sympy": "Groebner Risch Gosper Clebsch Wigner Qubit Qubits Hilbert Galois Diophantine Lagrangian Kane Meijer Fock "
    "Poly Expr LaTeX",
    "networkx": "Dijkstra Bellman Kruskal Eulerian Hamiltonian Erdős Barabási Steiner PageRank GraphML DiGraph MultiGraph "
    "MultiDiGraph Weisfeiler Louvain VF2 GEXF",
    "matplotlib": "Agg Axes Bbox Line2D PathPatch Affine2D Artist Gtk Qt GTK PDF SVG PostScript mathtext Colormap Patch "
    "Axes3D wx",
    "numpy": "ufunc ufuncs ndarray dtype dtypes recarray nditer f2py PCG64 Philox MT19937 Hermite Laguerre BitGenerator "
    "matmul MaskedArray datetime64 timedelta64 einsum",
}  # fmt: skip
PROPER = Written(
    "Proper names",
    "A table of protocols, classes, programs and people that one of the libraries talks about.",
    "lookup",
    {
        "fields": FIELDS,
        "case": True,
        "find": "words",
        "entries": [
            {"value": name, "label": label} for label, names in _PROPER.items() for name in names.split()
        ],
    },
    [
        ("Calls the Qhull library.", "scipy"),
        ("Runs on CUDA only.", "torch"),
        ("A plain list.", None),
    ],
)

TOPICS = (
    _topic(
        "Nodes and edges",
        "Graphs in the sense of NetworkX.",
        [("The shortest path between two nodes.", "networkx"), ("A tensor.", None)],
        networkx="""edges, shortest path, shortest paths, directed graph, directed graphs, undirected graph, undirected graphs,
            digraph, multigraph, bipartite, centrality, clique, cliques, spanning tree, neighbors of, planar, communities,
            isomorphic, isomorphism, connected component, connected components, edge weight, edge weights, node in the graph,
            nodes in the graph, nodes in G, nodes of G, tournament, degree sequence, adjacency, self-loops, graph G, the graph
            is, random graph, random graphs, graph generators, dominating set, max flow, maximum flow, minimum cut ! tensor,
            FX, fx""",
    ),
    _topic(
        "Estimators",
        "What learns from samples, as in scikit-learn.",
        [("Fit the estimator to X.", "sklearn"), ("A regression test for tensors.", None)],
        sklearn="""estimator, estimators, classifier, classifiers, regressor, regressors, sample_weight, sample weight, sample
            weights, training data, training set, predict, predictions, cross-validation, random_state, scorer, scorers,
            clusters, clustering, centroids, target values, class labels, classification, regression model, linear regression,
            fitted, multiclass, multilabel, metadata routing, input samples, hyperparameters, decision function, fit, samples,
            features, feature names, data set, dataset, datasets, score, loss function ! distribution, torch""",
    ),
    _topic(
        "Tensors and kernels",
        "Tensors, gradients, devices and compiled graphs.",
        [("Returns the gradient of the tensor.", "torch"), ("A file.", None)],
        torch="""tensor, tensors, gradient, gradients, device, devices, graph module, quantized, quantization, quantize, backward,
            forward, sharding, sharded, shard, placement, placements, checkpoint, optimizer, tracing, traced, trace, ranks, process
            group, collective, compile, compiled, compiler, compilation, codegen, guard, guards, subgraph, export, exported,
            profiler, profiling, learning rate, batch, op, ops, fused, fusion, fuse, inputs, autotuning, kernel, kernels, node,
            nn.Module, submodule, submodules, module's, weights, state dict, schema, scheduler, stream, runtime, hook, hooks,
            graph break, dispatch, allocation, worker, workers ! sklearn, estimator, sample""",
    ),
    _topic(
        "Symbols and proofs",
        "Mathematics with letters instead of numbers.",
        [("Returns the minimal polynomial.", "sympy"), ("A page.", None)],
        sympy="""polynomial, polynomials, symbol, symbols, symbolic, expr, expression, expressions, ideal, ring, rational,
            rationals, integers, prime, primes, permutation, permutations, subgroup, factorization, factors, equation, equations,
            theorem, simplify, simplification, antiderivative, quantum, bra, ket, commutator, assumptions, determinant, free
            symbols, reference frame, rigid body, hypergeometric, differential equation, recurrence, dummy, indices, infinity,
            coefficient, coefficients, denominator, numerator, algebraic, algebra, identity matrix, commutative, noncommutative,
            integral, trigonometric, intervals, inequality, inequalities ! array, arrays, tensor, query, database, regular""",
    ),
    _topic(
        "Pictures",
        "What is drawn, and on what.",
        [("Set the width of the marker.", "matplotlib"), ("Fit it.", None)],
        matplotlib="""artist, artists, axes, figure, figures, tick, ticks, tick labels, colormap, colormaps, colorbar, legend,
            marker, markers, canvas, drawn, renderer, font, fonts, linewidth, linestyle, hatch, spine, spines, subplot, subplots,
            subfigure, bounding box, plot, plots, plotted, plotting, bbox, axis limits, data coordinates, display units, zoom,
            toolbar, rcparams, dpi, glyph, facecolor, edgecolor, alpha, animation, contour, figsize, rasterized, gridspec
            ! array_like, ndarray, Tk, widget, turtle""",
    ),
    _topic(
        "Pages and databases",
        "Requests, models, forms and what is stored.",
        [("Returns the migrations of the model.", "django"), ("A tick.", None)],
        django="""request, requests, response, responses, queryset, querysets, template, templates, view, views, middleware,
            migration, migrations, model instance, model class, model field, model fields, models, form, forms, form field,
            formset, admin, database, databases, session, cookie, cookies, foreign key, foreign keys, primary key, login,
            password, authentication, permission, permissions, url, urls, html, translation, language, languages, geometry,
            related objects, related object, user, users, site, lookups, subquery, querystring, staticfiles, static files,
            changelist, timezone, time zone, locale, context processor, system check, transaction, atomic, many-to-many,
            inline, settings ! tensor, tensors, socket, polynomial, canonical, sympy, array""",
    ),
    _topic(
        "Arrays and science",
        "Numbers in rows: methods of SciPy first, then arrays as such.",
        [("Evaluates the spline.", "scipy"), ("Returns a masked array.", "numpy"), ("A page.", None)],
        scipy="""probability density, cumulative distribution, distribution, sparse array, sparse arrays, spline, splines,
            b-spline, interpolation, interpolate, interpolator, quadrature, minimize, minimization, minimizer, least squares,
            linear programming, root finding, signal, wavelet, transfer function, confidence interval, p-value, statistic,
            quantiles, convex hull, hessian, jacobian, fourier, random variates, sampling frequency, rotation, rotations, moments,
            skewness, kurtosis, hypothesis test, initial guess, trust-region, eigenvalues, eigenvectors, time series, impulse
            response, uniform distribution, special function, special functions, error function ! tensor, tensors, estimator,
            sympy, symbol, symbolic, callback, unix, thread, handler""",
        numpy="""masked, masked array, structured array, structured dtype, structured, broadcast, broadcasting, memory order,
            contiguous, byte order, strides, casting, fortran, dtype, string array, string arrays, subarray, scalar types, array
            scalars, array scalar, generic function, object arrays, memory overlap, 0-d, 1-d array, array_like, copy of the
            array, input array, input arrays, numpy's, chararray, random bits ! tensor, tensors, estimator, x : array_like,
            sympy""",
    ),
    _topic(
        "Files and processes",
        "What the standard library does: files, sockets, processes, parsers, text.",
        [("Open the file for reading.", "stdlib"), ("A masked array.", None)],
        stdlib="""socket, sockets, file, files, file descriptor, filename, filenames, directory, directories, pathname, thread,
            threads, process, processes, subprocess, interpreter, header, headers, message, messages, mailbox, server, codec,
            encoding, encoded, decode, encode, unicode, ascii, bytes, archive, command, shell, debugger, breakpoint, traceback,
            event loop, transport, protocol, parser, parse, parsed, token, tokens, xml, widget, window manager, listbox, menu,
            iterator, iterable, generator, logging, logger, handler, handlers, decimal, hostname, lock, semaphore, network,
            address, addresses, ipv4, ipv6, charset, callable, calendar, weekday, keyword, attribute, attributes, character,
            characters, whitespace, pickle, buffer, cursor, selection, newline, exit code, signal handler, main thread, regular
            expression, regex, descriptor, abstract base class, importlib, loader, finder
            ! tensor, tensors, queryset, request, database, graph, estimator, migration, migrations, template, django, torch,
            process group, kernel, figure""",
    ),
)
