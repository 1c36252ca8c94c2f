# SPDX-License-Identifier: Apache-2.0
"""Reads and resamples volumes with nibabel, scipy and numpy, for real_volumes_test.cpp to compare with.

    nifti_oracle.py OUT read FILE            values.npy, affine.npy, ras.npy, ras_affine.npy
    nifti_oracle.py OUT linear FILE TARGET   linear.npy: trilinear on TARGET's grid, inside.npy: where it is defined
    nifti_oracle.py OUT nearest FILE TARGET  nearest.npy
    nifti_oracle.py OUT area FILE EDGE       area.npy: means over the voxels of the MNI box with that edge (mm)
    nifti_oracle.py OUT first FILE           first.nii, first_big.nii: a 4-D file's first volume, in both byte orders
"""
import sys

import nibabel
import numpy as np
from nibabel import processing


def loaded(path):
    """float64 values times slope, plus intercept."""
    image = nibabel.load(path)
    return nibabel.Nifti1Image(image.get_fdata(), image.affine)


def save(out, name, array):
    np.save(f"{out}/{name}.npy", np.ascontiguousarray(array))


def read(out, path):
    image = loaded(path)
    ras = nibabel.as_closest_canonical(image)
    save(out, "values", image.get_fdata().astype(np.float32))
    save(out, "affine", image.affine)
    save(out, "ras", ras.get_fdata().astype(np.float32))
    save(out, "ras_affine", ras.affine)


def linear(out, path, target):
    image, grid = loaded(path), nibabel.load(target)
    sampled = processing.resample_from_to(image, (grid.shape[:3], grid.affine), order=1, mode="constant")
    places = np.indices(grid.shape[:3]).reshape(3, -1).T
    source = nibabel.affines.apply_affine(np.linalg.inv(image.affine) @ grid.affine, places)
    inside = np.all((source >= 0) & (source <= np.array(image.shape) - 1), axis=1).reshape(grid.shape[:3])
    save(out, "linear", sampled.get_fdata().astype(np.float32))
    save(out, "inside", inside)


def nearest(out, path, target):
    grid = nibabel.load(target)
    sampled = processing.resample_from_to(loaded(path), (grid.shape[:3], grid.affine), order=0)
    save(out, "nearest", sampled.get_fdata().astype(np.float32))


def overlaps(low, step, n, target_low, edge, extent):
    """[extent, n]: which share of a target voxel each source voxel covers."""
    a, b = low + step * np.arange(n), target_low + edge * np.arange(extent)
    shared = np.minimum(a + step, (b + edge)[:, None]) - np.maximum(a, b[:, None])
    return np.clip(shared, 0, None) / edge


def area(out, path, edge):
    image, edge = nibabel.as_closest_canonical(loaded(path)), float(edge)
    values, steps, origin = image.get_fdata(), np.diag(image.affine)[:3], image.affine[:3, 3]
    assert np.count_nonzero(image.affine[:3, :3]) == 3
    for axis, (corner, length) in enumerate(zip((-91, -127, -73), (182, 218, 182))):
        weights = overlaps(origin[axis] - steps[axis] / 2, steps[axis], values.shape[axis], corner, edge,
                           int(np.ceil(length / edge)))
        values = np.moveaxis(np.tensordot(weights, values, (1, axis)), 0, axis)
    save(out, "area", values.astype(np.float32))


def first(out, path):
    image = nibabel.load(path)
    data = np.asarray(image.dataobj.get_unscaled())[..., 0]
    for name, order in (("first", "<"), ("first_big", ">")):
        header = image.header.as_byteswapped(order)
        written = type(image)(data.astype(data.dtype.newbyteorder(order)), image.affine, header)
        written.to_filename(f"{out}/{name}.nii")


if __name__ == "__main__":
    {"read": read, "linear": linear, "nearest": nearest, "area": area, "first": first}[sys.argv[2]](
        sys.argv[1], *sys.argv[3:])
