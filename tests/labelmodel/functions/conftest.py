import pytest

from tests.labelmodel.functions.samples import installed_package


@pytest.fixture(scope="package", autouse=True)
def _manners(tmp_path_factory):
    with installed_package(tmp_path_factory.mktemp("site")):
        yield
