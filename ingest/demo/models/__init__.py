# SPDX-License-Identifier: Apache-2.0
"""Demo models: a tower, a factory and a housing block as IFC4, parametric, each in two versions."""
